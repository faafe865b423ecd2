// The name of a site: its path pale, the last two parts dark.

import { splitName } from "../base/format";

export function SiteName({ name }: { name: string }) {
  const [pale, dark] = splitName(name);
  return (
    <span class="name">
      {pale}
      <b>{dark}</b>
    </span>
  );
}

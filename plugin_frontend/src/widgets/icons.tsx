// Line icons, 16 px, in the colour of the text. A button that has only an icon carries an aria-label and a title.

import type { ComponentChildren } from "preact";

function icon(children: ComponentChildren, filled = false) {
  return () => (
    <svg
      width="16"
      height="16"
      viewBox="0 0 16 16"
      aria-hidden="true"
      fill={filled ? "currentColor" : "none"}
      stroke={filled ? "none" : "currentColor"}
      stroke-width="1.5"
      stroke-linecap="round"
      stroke-linejoin="round"
    >
      {children}
    </svg>
  );
}

export const LinkIcon = icon(
  <path d="M6.8 9.2a2.6 2.6 0 0 0 3.7 0l2.4-2.4a2.6 2.6 0 0 0-3.7-3.7l-.9.9M9.2 6.8a2.6 2.6 0 0 0-3.7 0L3.1 9.2a2.6 2.6 0 0 0 3.7 3.7l.9-.9" />,
);
export const HelpIcon = icon(
  <>
    <path d="M5.7 5.9a2.3 2.3 0 1 1 3.5 2c-.8.5-1.2.9-1.2 1.7" />
    <path d="M8 12.2v.1" />
  </>,
);
export const SearchIcon = icon(<path d="M10 10l3.5 3.5M11 6.7a4.3 4.3 0 1 1-8.6 0a4.3 4.3 0 0 1 8.6 0z" />);
export const CloseIcon = icon(<path d="M4 4l8 8M12 4l-8 8" />);
export const PreviousIcon = icon(<path d="M9.5 4L5.5 8l4 4" />);
export const NextIcon = icon(<path d="M6.5 4l4 4-4 4" />);
export const PlayIcon = icon(<path d="M5.2 3.6l7 4.4-7 4.4z" />, true);
export const PauseIcon = icon(<path d="M4.8 3.8h2.2v8.4H4.8zM9 3.8h2.2v8.4H9z" />, true);
export const DownIcon = icon(<path d="M4.5 6.5L8 10l3.5-3.5" />);
export const CheckIcon = icon(<path d="M3.5 8.5l3 3 6-7" />);
export const MinusIcon = icon(<path d="M3.5 8h9" />);
export const PlusIcon = icon(<path d="M3.5 8h9M8 3.5v9" />);
export const FitIcon = icon(<path d="M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10" />);
export const ZoomIcon = icon(
  <path d="M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9M10.3 10.3l3.2 3.2M5.5 5.5h3v3h-3z" />,
);
export const SaveIcon = icon(<path d="M8 2.5v8M4.5 7.5 8 11l3.5-3.5M3 13.5h10" />);

// What a part of the page shows when its content isn't there: empty, failed, not there yet.

import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { ApiError } from "../api/client";
import { capital } from "../base/format";
import { useSignal } from "../base/signals";
import { copyText } from "../store/clipboard";
import { reloads } from "../store/resource";

interface EmptyProps {
  title: string;
  lines?: readonly ComponentChildren[];
  /** The line of code that fills it. */
  code?: string;
  link?: { label: string; href: string };
}

/** Says what is missing and how it comes. */
export function Empty({ title, lines = [], code, link }: EmptyProps) {
  return (
    <section class="state">
      <h2>{title}</h2>
      {lines.map((line, index) => (
        <p key={index}>{line}</p>
      ))}
      {code && (
        <pre>
          <code>{code}</code>
        </pre>
      )}
      {link && (
        <a href={link.href} target="_blank" rel="noreferrer">
          {link.label}
        </a>
      )}
    </section>
  );
}

/** A request that failed: why, what to do, and the two things one can do here. */
export function Failure({ error }: { error: Error }) {
  const copied = useSignal(false);
  const hint = error instanceof ApiError ? error.hint : "";
  const copy = async () => {
    await copyText(`${error.message}\n${hint}\n${error.stack ?? ""}`);
    copied.value = true;
  };
  return (
    <section class="state" role="alert">
      <h2>
        <span class="failure-sign" aria-hidden="true">
          !
        </span>
        This part can’t be shown
      </h2>
      <p>{sentence(error.message)}</p>
      {hint && <p>{hint}</p>}
      <div class="state-actions">
        <button type="button" class="button" onClick={() => (reloads.value += 1)}>
          Try again
        </button>
        <button type="button" class="quiet-button" onClick={copy}>
          {copied.value ? "Copied" : "Copy details"}
        </button>
      </div>
    </section>
  );
}

/** The server's messages start small, as parts of a log line do. */
function sentence(message: string): string {
  return `${capital(message)}${/[.?!]$/.test(message) ? "" : "."}`;
}

const PATIENCE_MS = 300;

/** Grey bars in the shape of what comes; nothing at all for the first 300 ms. */
export function Skeleton() {
  const late = useLate(PATIENCE_MS);
  return (
    <div class="skeleton" role="status" aria-label="Loading">
      {late && [280, 520, 0, 0, 0].map((width, index) => <BoneBar key={`${index}`} width={width} />)}
    </div>
  );
}

/** Whether it has waited so long; then it stays late. */
export function useLate(patienceMs: number, waits = true): boolean {
  const late = useSignal(false);
  useEffect(() => {
    if (!waits) return;
    const timer = setTimeout(() => {
      late.value = true;
    }, patienceMs);
    return () => clearTimeout(timer);
  }, [late, patienceMs, waits]);
  return late.value;
}

function BoneBar({ width }: { width: number }) {
  return <div class="bone" style={width ? { maxWidth: `${width}px` } : {}} />;
}

// The one place that knows about the page around us. Without TensorBoard (or in a frame that hides its parent)
// everything still works: the theme follows the system, the address is our own.

import { effect, signal } from "../base/signals";
import { dark } from "../theme";
import { reloads } from "./resource";

/** Whether the page is to be seen; TensorBoard keeps the frames of its other tabs at height 0. */
export const visible = signal(true);

/** TensorBoard's window, if it is there and lets us in. */
export function hostWindow(): Window | null {
  try {
    const { parent } = window;
    return parent !== window && parent.document.body ? parent : null;
  } catch {
    return null;
  }
}

/** Follows the host's theme, visibility and reloads; returns the end of it. */
export function connectHost(): () => void {
  const host = hostWindow();
  const stops = [followTheme(host), followVisibility(), followReloads(), host ? takeKeys(host) : () => {}];
  return () => {
    for (const stop of stops) stop();
  };
}

/** TensorBoard tells frames nothing about its dark mode: it is a class of its body. */
function followTheme(host: Window | null): () => void {
  if (!host) return followSystemTheme();
  const { body } = host.document;
  const read = () => {
    dark.value = body.classList.contains("dark-mode");
  };
  read();
  const observer = new MutationObserver(read);
  observer.observe(body, { attributeFilter: ["class"] });
  return () => observer.disconnect();
}

function followSystemTheme(): () => void {
  const query = matchMedia("(prefers-color-scheme: dark)");
  const read = () => {
    dark.value = query.matches;
  };
  read();
  query.addEventListener("change", read);
  return () => query.removeEventListener("change", read);
}

function followVisibility(): () => void {
  const read = () => {
    visible.value = innerHeight > 0 && !document.hidden;
  };
  const observer = new ResizeObserver(read);
  observer.observe(document.documentElement);
  window.addEventListener("resize", read);
  document.addEventListener("visibilitychange", read);
  read();
  return () => {
    observer.disconnect();
    window.removeEventListener("resize", read);
    document.removeEventListener("visibilitychange", read);
  };
}

/** A page that was hidden asks again when it is seen again, so it needs no reload meanwhile. */
function followReloads(): () => void {
  let wasHidden = false;
  const reload = () => {
    if (visible.peek()) reloads.value = reloads.peek() + 1;
  };
  const stopWatching = effect(() => {
    const isBack = visible.value && wasHidden;
    wasHidden = !visible.value;
    if (isBack) reload();
  });
  const stopListening = listenToReloads(reload);
  return () => {
    stopWatching();
    stopListening();
  };
}

/**
 * Keys go to the document that has the focus: ours takes it when it is opened, unless the reader is somewhere in
 * TensorBoard's page with the keyboard, or writes there.
 */
function takeKeys(host: Window): () => void {
  return effect(() => {
    const isElsewhere = host.document.activeElement?.matches(":focus-visible");
    if (visible.value && !isElsewhere) window.focus();
  });
}

interface HostMessage {
  type: string;
  id: number;
  isReply: boolean;
}

/** TensorBoard's experimental message port says when its own data was loaded again. */
function listenToReloads(reload: () => void): () => void {
  if (window.parent === window) return () => {};
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = ({ data }: MessageEvent<unknown>) => {
    const message = parseMessage(data);
    if (!message || message.isReply) return;
    if (message.type === "experimental.DataReloaded") reload();
    port1.postMessage(JSON.stringify({ ...message, payload: null, error: null, isReply: true }));
  };
  window.parent.postMessage("experimental.bootstrap", "*", [port2]);
  return () => port1.close();
}

function parseMessage(data: unknown): HostMessage | null {
  try {
    return JSON.parse(String(data)) as HostMessage;
  } catch {
    return null;
  }
}

/** What TensorBoard's page lacks and a screen reader needs. */
export function describeDocument(): void {
  document.documentElement.lang = "en";
  document.title = "TorchViz";
}

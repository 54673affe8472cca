/** The element of the page with that id. @throws Error when the page has none of that kind */
export function byId<Kind extends Element>(id: string, kind: new () => Kind): Kind {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`the page lacks #${id}`);
}

/** A new element; texts become text, never markup. */
export function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  className: string,
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  if (className !== '') element.className = className;
  element.append(...children);
  return element;
}

/** Hides an element. If the focus is inside, it moves to `next`; the browser would drop it. */
export function hide(element: HTMLElement, next: HTMLElement): void {
  const hadFocus = element.contains(document.activeElement);
  element.hidden = true;
  if (hadFocus) next.focus();
}

/** Marks a button as unavailable. Unlike with `disabled`, it keeps the focus; its listener checks `isOff`. */
export function setOff(button: HTMLButtonElement, off: boolean): void {
  button.ariaDisabled = String(off);
}

export const isOff = ({ ariaDisabled }: HTMLButtonElement): boolean => ariaDisabled === 'true';

export const clockTime = (at = new Date()): HTMLTimeElement => {
  const time = make('time', '', at.toLocaleTimeString(undefined, { hour12: false }));
  time.dateTime = at.toISOString();
  return time;
};

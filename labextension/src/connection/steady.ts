/** A button -> since when a person has seen it where it is, uncovered and with the same words. */

/** How often it is looked at. Whatever moves it in between is noticed at the click, when it is looked at once more. */
const LOOK_MS = 100;
/** Of a corner, so far inside the button is looked. */
const INSET_PX = 3;

/** What is drawn over it without catching clicks can only be told by browsers that track visibility (Chromium). */
const TRACKS_VISIBILITY =
  typeof IntersectionObserverEntry !== 'undefined' && 'isVisible' in IntersectionObserverEntry.prototype;

interface ITracking extends IntersectionObserverInit {
  readonly trackVisibility: boolean;
  readonly delay: number;
}

export class Steady {
  /** `words` gives what a person reads who is about to press the button. */
  constructor(
    private readonly _button: HTMLElement,
    private readonly _words: () => string
  ) {
    if (TRACKS_VISIBILITY) {
      const tracking: ITracking = { trackVisibility: true, delay: LOOK_MS, threshold: [0, 0.5, 1] };
      this._observer = new IntersectionObserver(entries => {
        const latest = entries[entries.length - 1] as (IntersectionObserverEntry & { isVisible?: boolean }) | undefined;
        this._isDrawn = latest?.isVisible === true;
        this.look();
      }, tracking);
      this._observer.observe(this._button);
    }
    this._timer = window.setInterval(() => this.look(), LOOK_MS);
    this.look();
  }

  /** For how many milliseconds by now; 0 while it cannot be seen. */
  get ms(): number {
    this.look();
    return performance.now() - this._since;
  }

  look(): void {
    const { left, top, width, height } = this._button.getBoundingClientRect();
    const isSeen = this._isDrawn && isUncovered(this._button);
    const now = [left, top, width, height].map(Math.round).join(' ') + isSeen + this._words();
    if (now !== this._last || !isSeen) {
      this._last = now;
      this._since = isSeen ? performance.now() : Infinity;
    }
  }

  dispose(): void {
    window.clearInterval(this._timer);
    this._observer?.disconnect();
  }

  private _isDrawn = !TRACKS_VISIBILITY;
  private _last = '';
  private _since = Infinity;
  private _timer = 0;
  private _observer: IntersectionObserver | null = null;
}

/** Whether a click on the middle of an element, and near each of its corners, is one on it, and it can be seen there. */
export function isUncovered(button: HTMLElement): boolean {
  const { left, right, top, bottom } = button.getBoundingClientRect();
  const points = [
    [(left + right) / 2, (top + bottom) / 2],
    ...[left + INSET_PX, right - INSET_PX].flatMap(x => [top + INSET_PX, bottom - INSET_PX].map(y => [x, y]))
  ] as [number, number][];
  return opacity(button) > 0.9 && points.every(([x, y]) => button.contains(document.elementFromPoint(x, y)));
}

function opacity(element: Element | null): number {
  let all = 1;
  for (let one = element; one; one = one.parentElement) {
    const style = getComputedStyle(one);
    all *= style.visibility === 'hidden' ? 0 : Number(style.opacity);
  }
  return all;
}

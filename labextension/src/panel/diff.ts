/** Two texts -> the lines that differ, each with what stays around it. Pure. */

export interface IDiffLine {
  readonly sign: '+' | '-' | ' ';
  readonly text: string;
}

/** Beyond this many pairs of lines, everything between the equal ends counts as changed. */
const MOST_PAIRS = 250_000;

/** Every line of both texts in their order; the lines with `-` or blank are `before`, those with `+` or blank `after`. */
export function lineDiff(before: string, after: string): IDiffLine[] {
  const a = before.split('\n');
  const b = after.split('\n');
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) {
    start++;
  }
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) {
    end++;
  }
  const same = (text: string): IDiffLine => ({ sign: ' ', text });
  return [
    ...a.slice(0, start).map(same),
    ...middle(a.slice(start, a.length - end), b.slice(start, b.length - end)),
    ...a.slice(a.length - end).map(same)
  ];
}

function middle(a: readonly string[], b: readonly string[]): IDiffLine[] {
  const removed = (text: string): IDiffLine => ({ sign: '-', text });
  const added = (text: string): IDiffLine => ({ sign: '+', text });
  if (a.length * b.length > MOST_PAIRS) {
    return [...a.map(removed), ...b.map(added)];
  }
  // lengths[i][j]: the longest common subsequence of what follows line i of one and line j of the other.
  const width = b.length + 1;
  const lengths = new Uint32Array((a.length + 1) * width);
  const at = (i: number, j: number): number => lengths[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      lengths[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: IDiffLine[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      lines.push({ sign: ' ', text: a[i] ?? '' });
      i++;
      j++;
    } else if (j >= b.length || (i < a.length && at(i + 1, j) >= at(i, j + 1))) {
      lines.push(removed(a[i++] ?? ''));
    } else {
      lines.push(added(b[j++] ?? ''));
    }
  }
  return lines;
}

/** Only the lines that differ, with `around` lines on either side; `null` stands for what was left out. */
export function hunks(lines: readonly IDiffLine[], around = 2): (IDiffLine | null)[] {
  const kept = new Set<number>();
  lines.forEach((line, index) => {
    if (line.sign !== ' ') {
      for (let near = index - around; near <= index + around; near++) {
        kept.add(near);
      }
    }
  });
  const shown: (IDiffLine | null)[] = [];
  lines.forEach((line, index) => {
    if (kept.has(index)) {
      shown.push(line);
    } else if (shown.length > 0 && shown[shown.length - 1] !== null && lines.slice(index).some((_, n) => kept.has(index + n))) {
      shown.push(null);
    }
  });
  return shown;
}

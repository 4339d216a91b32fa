/** Kernel specs -> which of them are guarded, and which one stands in for an unguarded one. */

interface ISpecLike {
  readonly language?: string;
  readonly display_name?: string;
  readonly metadata?: unknown;
}

interface IGuardMetadata {
  readonly guarded?: unknown;
  readonly wraps?: unknown;
}

function guardMetadata(spec: ISpecLike | undefined): IGuardMetadata {
  const metadata = spec?.metadata;
  const own =
    typeof metadata === 'object' && metadata !== null ? (metadata as Record<string, unknown>).jupyter_guard : null;
  return typeof own === 'object' && own !== null ? (own as IGuardMetadata) : {};
}

/** Whether a kernel calls itself guarded; whether it is, shows when its guard answers. */
export function isGuarded(name: string, spec: ISpecLike | undefined): boolean {
  return name.startsWith('guarded-') || guardMetadata(spec).guarded === true;
}

/**
 * The guarded kernel to offer in place of `name`: the one that wraps it, else `guarded-NAME`, else one of the same
 * language; `null` when there is none.
 */
export function guardedTwin(
  name: string,
  specs: Readonly<Record<string, ISpecLike | undefined>>
): { readonly name: string; readonly title: string } | null {
  const language = specs[name]?.language;
  const guarded = Object.keys(specs).filter(other => isGuarded(other, specs[other]));
  const twin =
    guarded.find(other => guardMetadata(specs[other]).wraps === name) ??
    guarded.find(other => other === `guarded-${name}`) ??
    guarded.find(other => specs[other]?.language === language);
  return twin === undefined ? null : { name: twin, title: specs[twin]?.display_name ?? twin };
}

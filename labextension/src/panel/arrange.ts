/** Reports and what a person looks for -> the findings to list, in sections. Pure. */

import { IFinding, IReport, SEVERITIES, Severity } from '../protocol';
import { ICellGroup } from '../store';

export type GroupBy = 'cell' | 'rule' | 'origin';
export type SortBy = 'place' | 'severity' | 'time';

export interface IQuery {
  /** Words that all must occur, in any order and case. */
  readonly text: string;
  readonly groupBy: GroupBy;
  readonly sortBy: SortBy;
  /** The least severity to list. */
  readonly least: Severity;
}

export const EVERYTHING: IQuery = { text: '', groupBy: 'cell', sortBy: 'place', least: 'note' };

export interface ISection {
  /** A rule, an origin, or empty for the one section of all cells. */
  readonly key: string;
  readonly groups: readonly ICellGroup[];
}

export function arranged(
  groups: readonly ICellGroup[],
  query: IQuery,
  textOf: (group: ICellGroup) => string = () => ''
): ISection[] {
  const words = query.text.toLowerCase().split(/\s+/).filter(Boolean);
  const isAll = words.length === 0 && query.least === 'note';
  const sections = new Map<string, ICellGroup[]>();
  const add = (key: string, group: ICellGroup, findings: readonly IFinding[]): void => {
    const section = sections.get(key) ?? [];
    const report = withFindings(group.report, findings);
    section.push(report === group.report ? group : { ...group, report });
    sections.set(key, section);
  };
  for (const group of [...groups].sort(order(query.sortBy))) {
    const about = words.length > 0 ? `${textOf(group)} ${group.report.sentence} ${group.report.origin}`.toLowerCase() : '';
    const found = isAll
      ? group.report.findings
      : group.report.findings.filter(
          finding =>
            rank(finding.severity) <= rank(query.least) && words.every(word => about.includes(word) || says(finding, word))
        );
    const kept = query.sortBy === 'severity' ? [...found].sort((a, b) => rank(a.severity) - rank(b.severity)) : found;
    if (query.groupBy === 'cell') {
      // The usual list, of thousands of cells: no groups are made that are there already.
      if (kept.length > 0) {
        add('', group, kept);
      }
      continue;
    }
    for (const [key, findings] of split(group.report, kept, query.groupBy)) {
      add(key, group, findings);
    }
  }
  const keys = [...sections.keys()];
  return (query.groupBy === 'cell' ? keys : keys.sort()).map(key => ({ key, groups: sections.get(key) ?? [] }));
}

/** How many findings the sections list. */
export function count(sections: readonly ISection[]): number {
  return sections.reduce((sum, { groups }) => groups.reduce((all, { report }) => all + report.findings.length, sum), 0);
}

/** The sections with their first `most` groups, all together. */
export function firstGroups(sections: readonly ISection[], most: number): ISection[] {
  let left = most;
  return sections.flatMap(section => {
    const groups = section.groups.slice(0, Math.max(left, 0));
    left -= groups.length;
    return groups.length > 0 ? [{ ...section, groups }] : [];
  });
}

function split(report: IReport, findings: readonly IFinding[], by: Exclude<GroupBy, 'cell'>): Map<string, IFinding[]> {
  const parts = new Map<string, IFinding[]>();
  for (const finding of findings) {
    const key = by === 'rule' ? finding.rule : report.origin;
    const part = parts.get(key) ?? [];
    part.push(finding);
    parts.set(key, part);
  }
  return parts;
}

/** The same report when nothing is left out, so that what did not change need not be drawn again. */
function withFindings(report: IReport, findings: readonly IFinding[]): IReport {
  const isAll =
    findings === report.findings ||
    (findings.length === report.findings.length && findings.every((one, at) => one === report.findings[at]));
  return isAll ? report : { ...report, findings };
}

function says(finding: IFinding, word: string): boolean {
  const targets = finding.effects.map(effect => `${effect.kind} ${effect.target}`);
  return [finding.rule, finding.family, finding.severity, finding.message, ...targets].some(text =>
    text.toLowerCase().includes(word)
  );
}

function order(by: SortBy): (a: ICellGroup, b: ICellGroup) => number {
  switch (by) {
    case 'place':
      return (a, b) => place(a) - place(b);
    case 'severity':
      return (a, b) => worst(a.report) - worst(b.report) || place(a) - place(b);
    case 'time':
      return (a, b) => (a.report.time < b.report.time ? 1 : a.report.time > b.report.time ? -1 : place(a) - place(b));
  }
}

function place(group: ICellGroup): number {
  return group.index < 0 ? Number.MAX_SAFE_INTEGER : group.index;
}

function worst(report: IReport): number {
  return Math.min(...report.findings.map(finding => rank(finding.severity)));
}

function rank(severity: Severity): number {
  return SEVERITIES.indexOf(severity);
}

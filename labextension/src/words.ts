/** Values of the protocol -> the words that people read, ready for translation. */

import { TranslationBundle } from '@jupyterlab/translation';

import { IFinding, Severity, Verdict } from './protocol';

export const TRANSLATION_DOMAIN = 'jupyter_guard';

/** What happened to a cell, as a headline. */
export function stateTitle(state: string, trans: TranslationBundle): string {
  switch (state) {
    case 'blocked':
      return trans.__('Stopped before it ran');
    case 'declined':
      return trans.__('Not run: it was not allowed');
    case 'asked':
      return trans.__('Waiting for your answer');
    case 'confirmed':
      return trans.__('Ran: you allowed it');
    case 'warned':
      return trans.__('Ran, with a warning');
    case 'ran':
      return trans.__('Ran');
    case 'draft':
      return trans.__('Not run yet');
    case 'draft-block':
      return trans.__('Will be stopped');
    case 'draft-confirm':
      return trans.__('Will ask you');
    default:
      return trans.__('Good to know');
  }
}

/** Who wrote a cell, as a phrase. */
export function originPhrase(origin: string, trans: TranslationBundle): string {
  switch (origin) {
    case 'human':
      return trans.__('written by a person');
    case 'assistant':
      return trans.__('written by an assistant');
    case 'imported':
      return trans.__('imported code');
    default:
      return trans.__('nobody watched it being written');
  }
}

export function severityWord(severity: Severity, trans: TranslationBundle): string {
  switch (severity) {
    case 'critical':
      return trans.__('critical');
    case 'high':
      return trans.__('high');
    case 'medium':
      return trans.__('medium');
    case 'low':
      return trans.__('low');
    case 'note':
      return trans.__('note');
  }
}

/** What a cell does, as a full sentence; `sentence` is the guard's own, which has no subject. */
export function cellSentence(sentence: string, trans: TranslationBundle): string {
  return trans.__('This cell %1.', sentence.replace(/\.$/, ''));
}

/** What a cell would do that nobody has run, as a full sentence. */
export function draftSentence(sentence: string, trans: TranslationBundle): string {
  return trans.__('When run, this cell %1.', sentence.replace(/\.$/, ''));
}

/** What comes when a judged cell is run; empty when nothing does. */
export function verdictAhead(verdict: Verdict, trans: TranslationBundle): string {
  switch (verdict) {
    case 'block':
      return trans.__('will be stopped');
    case 'confirm':
      return trans.__('will wait for your answer');
    case 'warn':
      return trans.__('will run, with a warning');
    case 'allow':
      return '';
  }
}

/** A report's state for showing: a run that drew a warning is told from one that did not. */
export function shownState(report: { readonly state: string; readonly verdict: string }): string {
  if (report.state === 'draft') {
    return report.verdict === 'block' || report.verdict === 'confirm' ? `draft-${report.verdict}` : 'draft';
  }
  return report.state === 'ran' && report.verdict === 'warn' ? 'warned' : report.state;
}

/** The tone in which a state is shown; drives colours only, never words. */
export function stateTone(state: string): 'stop' | 'ask' | 'warn' | 'calm' {
  switch (state) {
    case 'blocked':
    case 'declined':
    case 'draft-block':
      return 'stop';
    case 'asked':
    case 'draft-confirm':
      return 'ask';
    case 'warned':
      return 'warn';
    default:
      return 'calm';
  }
}

/** Somebody's answer, as the journal has it. */
export function choicePhrase(choice: string, trans: TranslationBundle): string {
  switch (choice) {
    case 'once':
      return trans.__('allowed once');
    case 'code':
    case 'session':
      return trans.__('allowed this code');
    case 'before':
      return trans.__('allowed before');
    case 'refuse':
      return trans.__('refused');
    default:
      return choice;
  }
}

/** Where an answer was given; empty where nobody was asked. */
export function channelPhrase(channel: string, trans: TranslationBundle): string {
  switch (channel) {
    case 'panel':
      return trans.__('in the panel');
    case 'stdin':
      return trans.__('at the prompt');
    case 'interrupt':
      return trans.__('by an interrupt');
    default:
      return '';
  }
}

/** A limit of the policy's in words: "memory 4 GiB". */
export function limitWords(name: string, value: number): string {
  const words = name.replace(/_/g, ' ');
  if (/seconds$/.test(name)) {
    return `${words.replace(/ seconds$/, '')} ${value} s`;
  }
  return /^(memory|disk|output)/.test(name) ? `${words} ${sizeWords(value)}` : `${words} ${value}`;
}

function sizeWords(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const step = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), units.length - 1);
  const value = bytes / 1024 ** step;
  return `${Number.isInteger(value) ? value : value.toFixed(1)} ${units[step] ?? 'B'}`;
}

/** Where a finding is: "line 3". */
export function place(finding: IFinding, trans: TranslationBundle): string {
  return trans.__('line %1', String(finding.span.line));
}

/** A redaction's kind, as the scrubber names it, in words: "aws_key" -> "aws key". */
export function kindWords(kind: string): string {
  return kind.replace(/[_.-]+/g, ' ');
}

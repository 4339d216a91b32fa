import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { TranslationBundle } from '@jupyterlab/translation';
import fc from 'fast-check';

import * as words from '../src/words';

function bundle(translate: (text: string) => string): TranslationBundle {
  const say = (text: string, ...values: unknown[]): string =>
    values.reduce<string>((said, value, index) => said.replace(`%${index + 1}`, String(value)), translate(text));
  return { __: say, _n: (one: string, many: string, count: number) => say(count === 1 ? one : many, count) } as unknown as TranslationBundle;
}

const english = bundle(text => text);
const shouted = bundle(text => text.toUpperCase());

test('limits are said in units', () => {
  assert.equal(words.limitWords('memory', 4 * 1024 ** 3, english), 'memory 4 GiB');
  assert.equal(words.limitWords('disk', 1536, english), 'disk 1.5 KiB');
  assert.equal(words.limitWords('cell_seconds', 600, english), 'cell 600 s');
  assert.equal(words.limitWords('cell_cpu_seconds', 60, english), 'cell cpu 60 s');
  assert.equal(words.limitWords('processes', 256, english), 'processes 256');
  assert.equal(words.limitWords('output', 0, english), 'output 0 B');
  assert.equal(words.limitWords('memory', 2 ** 60, english), 'memory 1048576 TiB');
  assert.equal(words.limitWords('of_tomorrow', 3, english), 'of tomorrow 3');
});

test('every word goes through the translation, also names that the guard will have tomorrow', () => {
  const limits = ['memory', 'disk', 'output', 'cell_seconds', 'cell_cpu_seconds', 'processes', 'open_files', 'recursion', 'of_tomorrow'];
  const channels = ['stream', 'execute_result', 'display_data', 'error', 'input_request', 'comm_msg', 'of_tomorrow'];
  const said = [
    ...limits.flatMap(name => [1, 2 ** 12, 2 ** 22, 2 ** 32, 2 ** 42].map(value => words.limitWords(name, value, shouted))),
    ...channels.map(name => words.outputWords(name, shouted)),
    ...(['allow', 'warn', 'confirm', 'block'] as const).map(verdict => words.verdictPhrase(verdict, shouted)),
    words.kindWords('aws-access-key_id', shouted)
  ];
  for (const text of said) {
    assert.ok(text);
    assert.equal(text, text.toUpperCase());
  }
});

test('no name throws, and an empty one asks for no translation', () => {
  const strict = bundle(text => {
    assert.notEqual(text.trim(), '');
    return text;
  });
  fc.assert(
    fc.property(fc.string(), fc.double({ noNaN: true, noDefaultInfinity: true }), (name, value) => {
      words.limitWords(name, value, strict);
      words.kindWords(name, strict);
      words.outputWords(name, strict);
    })
  );
  assert.equal(words.kindWords('', strict), '');
});

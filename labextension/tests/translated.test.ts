/** What people are shown goes through the translation: looks for literals of the sources that do not. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { test } from 'node:test';

import ts from 'typescript';

const SOURCES = join(__dirname, '..', '..', 'src');
const TRANSLATES = /(^|\.)(__|_n|_p|_np)$/;
/** Attributes and properties whose texts are read out or shown. */
const SHOWN = /^(title|caption|label|message|placeholder|alt|text|word|name|aria-label|aria-description|tooltip)$/;
/** Whose texts only developers and the plugin manager see, which has descriptions in English from all extensions. */
const DEVELOPERS = /^(console\.|Error$|Token$)/;
const CLASSES_OR_SELECTOR = /^\s*((jg|jp|cm)-|[.#:[]|<)/;
const SELECTS = /\.(querySelector|querySelectorAll|closest|matches)$/;

function files(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? files(path) : /\.tsx?$/.test(entry.name) ? [path] : [];
  });
}

/** Literals with words in them that people are shown and no translation is asked for, as `LINE: TEXT`. */
function untranslated(source: ts.SourceFile): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (isText(node) && /\p{L}{2}|^\s*\p{L}\s*$/u.test(node.text) && !isExempt(node) && (isProse(node) || isPutWhereShown(node))) {
      found.push(`${source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1}: ${node.text.trim()}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

type Text = ts.StringLiteralLike | ts.TemplateHead | ts.TemplateMiddle | ts.TemplateTail | ts.JsxText;

function isText(node: ts.Node): node is Text {
  return (
    ts.isStringLiteralLike(node) ||
    ts.isTemplateHead(node) ||
    ts.isTemplateMiddle(node) ||
    ts.isTemplateTail(node) ||
    ts.isJsxText(node)
  );
}

/** The literal that a part of a template belongs to, else the node itself. */
function whole(node: Text): ts.Node {
  return ts.isTemplateHead(node) ? node.parent : ts.isTemplateMiddle(node) || ts.isTemplateTail(node) ? node.parent.parent : node;
}

function isProse(node: Text): boolean {
  return ts.isJsxText(node) || /\s/.test(node.text) || /^[A-Z][a-z]+$/.test(node.text);
}

function isExempt(node: Text): boolean {
  const { parent } = node;
  const literal = whole(node);
  const start = ts.isTemplateExpression(literal) ? literal.head.text : node.text;
  if (ts.isImportDeclaration(parent) || ts.isLiteralTypeNode(parent) || ts.isCaseClause(parent) || ts.isElementAccessExpression(parent)) {
    return true;
  }
  if (ts.isBinaryExpression(parent) && /^[=!]==$/.test(parent.operatorToken.getText())) {
    return true;
  }
  if (CLASSES_OR_SELECTOR.test(start) || (ts.isPropertyAssignment(parent) && (parent.name === node || parent.name.getText() === 'description'))) {
    return true;
  }
  for (let above: ts.Node = parent; above; above = above.parent) {
    if (ts.isJsxAttribute(above) && above.name.getText() === 'className') {
      return true;
    }
    if (ts.isCallExpression(above) || ts.isNewExpression(above)) {
      const called = above.expression.getText();
      if (TRANSLATES.test(called) || DEVELOPERS.test(called) || SELECTS.test(called)) {
        return true;
      }
    }
  }
  return false;
}

/** Whether a value, through conditions and joining, ends where people see it: in JSX, an attribute, an element's children. */
function isPutWhereShown(node: Text): boolean {
  let at = whole(node);
  while (
    ts.isConditionalExpression(at.parent) ||
    ts.isBinaryExpression(at.parent) ||
    ts.isParenthesizedExpression(at.parent) ||
    ts.isTemplateSpan(at.parent) ||
    ts.isTemplateExpression(at.parent) ||
    ts.isArrayLiteralExpression(at.parent)
  ) {
    if (ts.isConditionalExpression(at.parent) && at.parent.condition === at) {
      return false;
    }
    at = at.parent;
  }
  const { parent } = at;
  if (ts.isJsxExpression(parent)) {
    return !ts.isJsxAttribute(parent.parent) || SHOWN.test(parent.parent.name.getText());
  }
  if (ts.isJsxAttribute(parent)) {
    return SHOWN.test(parent.name.getText());
  }
  if (ts.isPropertyAssignment(parent)) {
    return SHOWN.test(parent.name.getText().replace(/['"]/g, ''));
  }
  return ts.isCallExpression(parent) && parent.expression.getText() === 'element' && parent.arguments[2] === at;
}

function parsed(name: string, text: string): ts.SourceFile {
  return ts.createSourceFile(name, text, ts.ScriptTarget.ES2020, true);
}

test('nothing is shown that no translation was asked for', () => {
  const found = files(SOURCES)
    // Drawings.
    .filter(path => !path.endsWith('icons.ts'))
    .flatMap(path => untranslated(parsed(path, readFileSync(path, 'utf8'))).map(one => `${relative(SOURCES, path)}:${one}`));
  assert.deepEqual(found, []);
});

test('what would be missed is found', () => {
  const shown = [
    'const a = <p>Nothing to do</p>;',
    'const a = <p title="no">{x}</p>;',
    "const a = <p>{x ? 'yes' : trans.__('no')}</p>;",
    'const a = <p title={`line ${n}`}>{x}</p>;',
    "element('span', 'jg-Badge', [ok ? 'fine' : null]);",
    "element('span', 'jg-Badge', [], { 'aria-label': 'fine' });",
    'const words = `${n} s`;',
    "const words = said + ' at the prompt';",
    "const title = 'Waiting';"
  ];
  for (const text of shown) {
    assert.equal(untranslated(parsed('a.tsx', text)).length, 1, text);
  }
  const unseen = [
    "const a = <p className='one two' role='status'>{trans.__('Nothing to do')}</p>;",
    "const a = <p className={x ? 'one two' : 'three'}>{x === 'draft' ? null : y}</p>;",
    "element('span', `jg-Badge jg-tone-${tone}`, [trans._n('%1 waits', '%1 wait', n)]);",
    "throw new Error('no such cell');",
    "node.closest('input, textarea');",
    "switch (key) { case 'Home': }"
  ];
  for (const text of unseen) {
    assert.deepEqual(untranslated(parsed('a.tsx', text)), [], text);
  }
});

/** The tables of the events guide, made from the code: every event map with each event's words and payload. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import ts from 'typescript';
import { repoRoot } from '../support/run.js';

/** One event as the code declares it. */
interface DeclaredEvent {
  name: string;
  /** Its doc comment, in one line. */
  words: string;
  payload: string;
}

/** One class that tells events. */
export interface EventTable {
  className: string;
  /** The part of its diagnostics channels' names. */
  subject: string | undefined;
  mapName: string;
  events: readonly DeclaredEvent[];
}

interface DeclaredClass {
  name: string;
  base: string;
  abstract: boolean;
  /** The event map that it gives its base, where it gives one. */
  mapName: string | undefined;
  subject: string | undefined;
}

/** Every class in `src/` that tells events, by name. */
export async function eventTables(): Promise<EventTable[]> {
  const maps = new Map<string, DeclaredEvent[]>();
  const classes = new Map<string, DeclaredClass>();
  const src = join(repoRoot, 'src');
  for (const path of (await readdir(src, { recursive: true })).filter(name => name.endsWith('.ts'))) {
    const text = await readFile(join(src, path), 'utf8');
    const file = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);
    for (const statement of file.statements) {
      if (ts.isInterfaceDeclaration(statement) && statement.name.text.endsWith('Events'))
        maps.set(
          statement.name.text,
          statement.members.flatMap(member => declaredEvent(member, file)),
        );
      const declared = ts.isClassDeclaration(statement) ? declaredClass(statement) : undefined;
      if (declared) classes.set(declared.name, declared);
    }
  }
  return [...classes.values()]
    .filter(one => !one.abstract)
    .flatMap(({ name, subject }) => {
      const mapName = mapOf(name, classes);
      return mapName === undefined ? [] : [{ className: name, mapName, subject, events: maps.get(mapName) ?? [] }];
    })
    .sort((a, b) => (a.className < b.className ? -1 : 1));
}

/** The guide's tables in Markdown. */
export function renderTables(tables: readonly EventTable[]): string {
  return tables.map(renderTable).join('\n');
}

function renderTable({ className, subject, events }: EventTable): string {
  const rows = events.map(({ name, words, payload }) => `| \`${name}\` | ${words} | \`${payload}\` |`);
  const channel = subject === undefined ? [] : [`Channels: \`millrace:${subject}:{event}\`.`, ''];
  return [`## ${className}`, '', ...channel, '| event | when | payload |', '|---|---|---|', ...rows, ''].join('\n');
}

function declaredEvent(member: ts.TypeElement, file: ts.SourceFile): DeclaredEvent[] {
  if (!ts.isPropertySignature(member) || !member.type) return [];
  const doc = ts
    .getJSDocCommentsAndTags(member)
    .map(node => ts.getTextOfJSDocComment(node.comment) ?? '')
    .join(' ');
  return [{ name: member.name.getText(file), words: cell(doc), payload: cell(payloadText(member.type, file)) }];
}

/** A payload's type as one line, without the comments in it. */
function payloadText(type: ts.TypeNode, file: ts.SourceFile): string {
  const printed = ts
    .createPrinter({ removeComments: true })
    .printNode(ts.EmitHint.Unspecified, type, file)
    .replace(/\s+/g, ' ');
  return printed.replace(/; }/g, ' }').replaceAll('readonly ', '');
}

function declaredClass(declaration: ts.ClassDeclaration): DeclaredClass | undefined {
  const [base] =
    declaration.heritageClauses?.find(clause => clause.token === ts.SyntaxKind.ExtendsKeyword)?.types ?? [];
  if (!base || !declaration.name) return undefined;
  return {
    name: declaration.name.text,
    base: base.expression.getText(),
    abstract: declaration.modifiers?.some(one => one.kind === ts.SyntaxKind.AbstractKeyword) ?? false,
    mapName: base.typeArguments?.[0]?.getText(),
    subject: /super\([^;]*subject: '(\w+)'/.exec(declaration.getText())?.[1],
  };
}

/** The event map that a class, or one above it, gives to SafeEmitter. */
function mapOf(name: string, classes: ReadonlyMap<string, DeclaredClass>): string | undefined {
  const declared = classes.get(name);
  return declared?.base === 'SafeEmitter' ? declared.mapName : declared && mapOf(declared.base, classes);
}

function cell(text: string): string {
  return text
    .replace(/\{@link (\w+)\}/g, '`$1`')
    .replace(/\s+/g, ' ')
    .replaceAll('|', '\\|')
    .trim();
}

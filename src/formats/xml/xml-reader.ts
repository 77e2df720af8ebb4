/**
 * Reads XML: well-formed, in pieces, within limits. Entities are never expanded (but for the five of XML itself), and
 * nothing outside the file is read. This is the one place that knows the parser.
 */
import { SaxesParser } from 'saxes';
import type { ConverterSource } from '../../converters/source.js';
import { type Place, unexpected } from '../place.js';
import { limitSize, textPieces } from '../text-pieces.js';
import type { XmlElement } from './xml-element.js';
import { declaredEncoding } from './xml-encoding.js';

/** Deeper documents are no test results, and would overflow the stack of whoever walks them. */
const MAX_XML_DEPTH = 256;
const MAX_XML_BYTES = 32 * 1024 * 1024;
/** Some 300 bytes of memory each. */
const MAX_XML_ELEMENTS = 1_000_000;

/** Options of {@link readXml}. */
export interface XmlReadOptions {
  /** Default: the byte order mark, else the XML declaration, else UTF-8 where it is, else Windows-1252. */
  encoding?: string | undefined;
  /** Bigger files fail. Default 32 MiB. */
  maxBytes?: number | undefined;
  /** Elements within elements; deeper files fail. Default 256. */
  maxDepth?: number | undefined;
  /** Ends the reading when it aborts. */
  signal?: AbortSignal | undefined;
  /**
   * Is called for each element when it is complete, after those in it. What it has taken from the element it may clear
   * from `children`, so that a big file does not have to be in memory as a whole.
   */
  onElement?: ((element: XmlElement) => void) | undefined;
}

/**
 * The root element of an XML file.
 * @throws FileFormatError with line, column and what was expected, when the file is not well-formed, is above a limit,
 * or declares entities of its own; the reason of `signal` when it aborts.
 */
export async function readXml(source: ConverterSource, options: XmlReadOptions = {}): Promise<XmlElement> {
  const { maxBytes = MAX_XML_BYTES, signal } = options;
  limitSize(source, maxBytes);
  const reader = new XmlReader(source.name, options);
  const encoding = options.encoding ?? (await declaredEncoding(source));
  for await (const piece of textPieces(source, { encoding, signal })) reader.write(piece);
  return reader.end();
}

type OpenElement = XmlElement & { text: string };

class XmlReader {
  readonly #file: string;
  readonly #maxDepth: number;
  readonly #onElement: XmlReadOptions['onElement'];
  readonly #parser = new SaxesParser({ xmlns: false, position: true });
  readonly #open: OpenElement[] = [];
  #root: XmlElement | undefined;
  /** The name of the last element that ended, by its own tag or by that of one around it. */
  #ended = '';
  #elements = 0;
  #start: Place;

  constructor(file: string, { maxDepth = MAX_XML_DEPTH, onElement }: XmlReadOptions) {
    this.#file = file;
    this.#maxDepth = maxDepth;
    this.#onElement = onElement;
    this.#start = this.#here();
    this.#parser.on('error', error => this.#fail(error));
    this.#parser.on('doctype', text => this.#refuseEntities(text));
    this.#parser.on('opentagstart', ({ name }) => {
      const { line, column } = this.#here();
      this.#start = { file, line, column: Math.max(1, column - name.length - 2) };
    });
    this.#parser.on('opentag', tag => this.#opened(tag.name, tag.attributes as Record<string, string>));
    this.#parser.on('text', text => this.#add(text));
    this.#parser.on('cdata', text => this.#add(text));
    this.#parser.on('closetag', () => this.#closed());
  }

  write(piece: string): void {
    this.#parser.write(piece);
  }

  end(): XmlElement {
    this.#parser.close();
    if (!this.#root) throw unexpected(this.#here(), 'an element');
    return this.#root;
  }

  #opened(qualifiedName: string, attributes: Record<string, string>): void {
    this.#elements += 1;
    if (this.#elements > MAX_XML_ELEMENTS) throw unexpected(this.#start, `at most ${MAX_XML_ELEMENTS} elements`);
    if (this.#open.length >= this.#maxDepth) {
      throw unexpected(this.#start, `elements at most ${this.#maxDepth} levels deep`);
    }
    const name = qualifiedName.slice(qualifiedName.indexOf(':') + 1);
    const element: OpenElement = {
      name,
      attributes: Object.assign(Object.create(null), attributes),
      children: [],
      text: '',
      place: this.#start,
    };
    this.#open.at(-1)?.children.push(element);
    this.#root ??= element;
    this.#open.push(element);
  }

  #add(text: string): void {
    const element = this.#open.at(-1);
    if (element) element.text += text;
  }

  #closed(): void {
    const element = this.#open.pop();
    if (!element) return;
    this.#ended = element.name;
    this.#onElement?.(element);
  }

  #refuseEntities(doctype: string): void {
    if (doctype.includes('[')) throw unexpected(this.#here(), 'no declarations in a document type: they are not read');
  }

  #fail(error: Error): never {
    const words = error.message.replace(/^[^ ]*\d+:\d+: /, '').replace(/\.$/, '');
    throw unexpected({ ...this.#here(), what: words }, this.#expected(words));
  }

  #expected(words: string): string {
    if (words.includes('unexpected close tag')) return `</${this.#ended}>`;
    if (words.includes('unclosed tag')) return `</${this.#open.at(-1)?.name ?? ''}>`;
    if (words.includes('entity')) return 'one of &lt; &gt; &amp; &quot; &apos; or a character such as &#176;';
    if (words.includes('disallowed character')) return 'a character that XML allows here';
    if (/value|quoted/.test(words)) return 'a value in quotes';
    if (/root|unexpected end/.test(words)) return 'one element that holds all others';
    return 'well-formed XML';
  }

  #here(): Place {
    return { file: this.#file, line: this.#parser.line, column: this.#parser.column + 1 };
  }
}

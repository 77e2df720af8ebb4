/**
 * What the compiler says of converters; `npm run types` checks it, nothing runs it. Each `@ts-expect-error` is a mistake that
 * must not compile: where it does, its line is the error.
 */
import {
  AsyncConverterPool,
  type Conversion,
  ConverterBase,
  type ConverterContext,
  ConverterResult,
  type ConverterSource,
} from 'millrace';

interface Lot {
  sn: string;
  steps: number;
}
interface Settings {
  delimiter: string;
  depth?: number;
}

class Right extends ConverterBase<Lot, Settings> {
  readonly name = 'right';
  readonly supportedExtensions = ['.csv'];

  async convert(source: ConverterSource, context: ConverterContext<Settings>): Promise<Conversion<Lot>> {
    const delimiter: string = context.arguments.delimiter;
    const depth: number | undefined = this.arguments.depth;
    const report = { sn: (await source.text()).split(delimiter)[0] ?? '', steps: depth ?? 0 };
    switch (context.attempt) {
      case 1:
        return report;
      case 2:
        return [report, report];
      case 3:
        return ConverterResult.success([report], { warnings: ['odd'] });
      case 4:
        return context.suspend('later');
      case 5:
        return ConverterResult.skipped('nothing in it');
      case 6:
        return context.reject('not mine');
      default:
        return ConverterResult.failed(new Error('no'));
    }
  }

  override onSuccess(_source: ConverterSource, result: ConverterResult<Lot>): void {
    const steps: number | undefined = result.reports[0]?.steps;
    void steps;
  }
}

class WrongReport extends ConverterBase<Lot> {
  readonly name = 'wrong';
  readonly supportedExtensions = ['.csv'];
  // @ts-expect-error A report lacks `steps`.
  convert(): { sn: string } {
    return { sn: '1' };
  }
}

class WrongResult extends ConverterBase<Lot> {
  readonly name = 'wrong';
  readonly supportedExtensions = ['.csv'];
  // @ts-expect-error So does the report in a result.
  async convert(): Promise<ConverterResult<{ sn: string }>> {
    return ConverterResult.success({ sn: '1' });
  }
}

class NoReport extends ConverterBase {
  readonly name = 'none';
  readonly supportedExtensions = ['.csv'];
  // @ts-expect-error A text is no report.
  convert(): string {
    return 'text';
  }
}

class WrongValidation extends ConverterBase {
  readonly name = 'validation';
  readonly supportedExtensions = ['.csv'];
  convert(): object {
    return {};
  }
  // @ts-expect-error It lacks `canConvert`.
  override validate(): { confidence: number } {
    return { confidence: 1 };
  }
}

// @ts-expect-error It lacks `supportedExtensions` and `convert`.
class Incomplete extends ConverterBase {
  readonly name = 'incomplete';
}

new Right({ delimiter: ';' });
// @ts-expect-error The argument is a text.
new Right({ delimiter: 1 });

const folder = { dataDir: 'd', submitter: async () => undefined };
new AsyncConverterPool({ ...folder, converters: [{ converter: new Right({ delimiter: ';' }), watchFolder: 'w' }] });
new AsyncConverterPool({
  ...folder,
  converters: [{ converter: { module: '/m.mjs' }, isolation: 'worker', watchFolder: 'w' }],
});
// @ts-expect-error There is no such isolation.
new AsyncConverterPool({ ...folder, converters: [{ converter: { module: '/m.mjs' }, isolation: 'thread' }] });

export const compiled = [Right, WrongReport, WrongResult, NoReport, WrongValidation, Incomplete];

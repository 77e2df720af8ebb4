/** Makes renames in one folder durable, one fsync for as many as came while the last one ran (group commit). */

export class FolderSync {
  readonly #sync: () => Promise<void>;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(sync: () => Promise<void>) {
    this.#sync = sync;
  }

  /** Resolves when every change that was made in the folder before this call is on the disk. */
  done(): Promise<void> {
    // A sync that runs already may have missed our change; the one after it cannot.
    this.#next ??= this.#after(this.#running);
    return this.#next;
  }

  async #after(previous: Promise<void> | undefined): Promise<void> {
    // Its failure is told to those who waited for it.
    await previous?.catch(() => undefined);
    this.#running = this.#next;
    this.#next = undefined;
    await this.#sync();
  }
}

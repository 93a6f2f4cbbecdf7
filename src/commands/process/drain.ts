/** How long to wait for a slow reader of a non-blocking pipe before trying again. */
const RETRY_MS = 2;

/**
 * Hands bytes to a writer until all are taken. A non-blocking descriptor that is full (`EAGAIN`) is tried again.
 *
 * @throws Whatever the writer throws, but `EAGAIN`.
 */
export async function drain(
  content: string | Uint8Array,
  write: (bytes: Uint8Array, offset: number) => number,
): Promise<void> {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  let offset = 0;
  while (offset < bytes.length) {
    try {
      offset += write(bytes, offset);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) throw error;
      await Bun.sleep(RETRY_MS);
    }
  }
}

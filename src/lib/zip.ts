/**
 * Reads a zip archive in memory. Nothing is written to disk, so a name can lead nowhere; names that try to are refused
 * all the same, and no more is unpacked than the caller allows, whatever the archive says about itself.
 *
 * PKWARE APPNOTE 6.3.10; zip64, encryption and methods other than stored and deflate are refused by name.
 */
import { crc32, inflateRawSync } from "node:zlib";

export interface ZipLimits {
  readonly maxEntries: number;
  /** Bytes of all entries together, unpacked. */
  readonly maxBytes: number;
}

export interface ZipEntry {
  /** Path inside the archive, with `/` between its parts. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Why an archive cannot be read, in words that follow "the archive". */
export class ZipError extends Error {
  override name = "ZipError";
}

/**
 * The files of an archive, folders left out, in the archive's order.
 *
 * @param isWanted Entries that it refuses are not unpacked.
 * @throws ZipError when the archive is damaged, unsafe, larger than the limits or of a kind that is not read.
 */
export function readZip(
  archive: Uint8Array,
  limits: ZipLimits,
  isWanted: (name: string) => boolean = () => true,
): ZipEntry[] {
  const bytes = Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength);
  const entries: ZipEntry[] = [];
  let left = limits.maxBytes;
  for (const header of readDirectory(bytes, limits)) {
    if (header.name.endsWith("/") || !isWanted(header.name)) continue;
    if (header.size > left) throw new ZipError(`unpacks to more than ${limits.maxBytes} bytes`);
    left -= header.size;
    entries.push({ name: header.name, bytes: unpack(bytes, header) });
  }
  return entries;
}

/** True for bytes that begin like a zip archive, also an empty one. */
export function isZip(bytes: Uint8Array): boolean {
  const [a, b, c, d] = bytes;
  return a === 0x50 && b === 0x4b && ((c === 3 && d === 4) || (c === 5 && d === 6));
}

// --- internal ---

interface Header {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  readonly packedSize: number;
  readonly size: number;
  readonly offset: number;
}

const END_SIGNATURE = 0x06054b50;
const END_SIZE = 22;
/** The archive's comment stands behind the end record, and its length is a 16-bit number. */
const MAX_COMMENT = 0xffff;
const ENTRY_SIGNATURE = 0x02014b50;
const ENTRY_SIZE = 46;
const LOCAL_SIGNATURE = 0x04034b50;
const LOCAL_SIZE = 30;
const FLAG_ENCRYPTED = 1;
const FLAG_UTF8 = 0x800;
const STORED = 0;
const DEFLATED = 8;
/** In a 32-bit field: the number stands in a zip64 record. */
const IN_ZIP64 = 0xffffffff;

function readDirectory(bytes: Buffer, limits: ZipLimits): Header[] {
  const end = findEnd(bytes);
  const count = bytes.readUInt16LE(end + 10);
  const start = bytes.readUInt32LE(end + 16);
  if (count === 0xffff || start === IN_ZIP64) throw new ZipError("is in the zip64 format, which is not read");
  if (count > limits.maxEntries)
    throw new ZipError(`holds ${count} entries; at most ${limits.maxEntries} are read`);
  const headers: Header[] = [];
  let at = start;
  for (let index = 0; index < count; index++) {
    if (at + ENTRY_SIZE > end || bytes.readUInt32LE(at) !== ENTRY_SIGNATURE) throw damaged();
    const nameLength = bytes.readUInt16LE(at + 28);
    const next = at + ENTRY_SIZE + nameLength + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
    if (next > end) throw damaged();
    headers.push(readHeader(bytes, at, nameLength));
    at = next;
  }
  return headers;
}

function readHeader(bytes: Buffer, at: number, nameLength: number): Header {
  const flags = bytes.readUInt16LE(at + 8);
  const method = bytes.readUInt16LE(at + 10);
  const name = readName(bytes.subarray(at + ENTRY_SIZE, at + ENTRY_SIZE + nameLength), flags);
  if ((flags & FLAG_ENCRYPTED) !== 0) throw new ZipError(`is encrypted ('${name}')`);
  if (method !== STORED && method !== DEFLATED) {
    throw new ZipError(`packs '${name}' by method ${method}; stored and deflate are read`);
  }
  const header = {
    name,
    method,
    crc: bytes.readUInt32LE(at + 16),
    packedSize: bytes.readUInt32LE(at + 20),
    size: bytes.readUInt32LE(at + 24),
    offset: bytes.readUInt32LE(at + 42),
  };
  if (header.packedSize === IN_ZIP64 || header.size === IN_ZIP64 || header.offset === IN_ZIP64) {
    throw new ZipError(`has '${name}' in the zip64 format, which is not read`);
  }
  return header;
}

/** The end record is the last thing in the file but for the archive's comment. */
function findEnd(bytes: Buffer): number {
  const first = Math.max(0, bytes.length - END_SIZE - MAX_COMMENT);
  for (let at = bytes.length - END_SIZE; at >= first; at--) {
    if (
      bytes.readUInt32LE(at) === END_SIGNATURE &&
      at + END_SIZE + bytes.readUInt16LE(at + 20) === bytes.length
    ) {
      return at;
    }
  }
  throw damaged();
}

function readName(raw: Buffer, flags: number): string {
  // Without the flag a name is in an old code page; its ASCII part, the usual case, is the same.
  const name = raw
    .toString((flags & FLAG_UTF8) === 0 && !isUtf8(raw) ? "latin1" : "utf8")
    .replaceAll("\\", "/");
  const parts = name.split("/");
  if (name.startsWith("/") || /^[A-Za-z]:/.test(name) || parts.includes("..") || name.includes("\0")) {
    throw new ZipError(`holds the path ${JSON.stringify(name)}, which leads out of it`);
  }
  return name;
}

function isUtf8(raw: Buffer): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(raw);
    return true;
  } catch {
    return false;
  }
}

function unpack(bytes: Buffer, header: Header): Uint8Array {
  const { offset, name } = header;
  if (offset + LOCAL_SIZE > bytes.length || bytes.readUInt32LE(offset) !== LOCAL_SIGNATURE)
    throw damaged(name);
  const start = offset + LOCAL_SIZE + bytes.readUInt16LE(offset + 26) + bytes.readUInt16LE(offset + 28);
  const packed = bytes.subarray(start, start + header.packedSize);
  if (packed.length !== header.packedSize) throw damaged(name);
  const content = header.method === STORED ? packed : inflate(packed, header);
  if (content.length !== header.size || crc32(content) !== header.crc) throw damaged(name);
  return content;
}

/** Stops one byte after the size that the directory gives: a bomb that lies about its size is not unpacked. */
function inflate(packed: Buffer, header: Header): Uint8Array {
  try {
    return inflateRawSync(packed, { maxOutputLength: header.size + 1 });
  } catch {
    throw damaged(header.name);
  }
}

function damaged(name?: string): ZipError {
  return new ZipError(name === undefined ? "is damaged or no zip archive" : `is damaged at '${name}'`);
}

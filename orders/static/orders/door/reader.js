// Reads QR codes: with the browser's own reader, or where that one is missing or does not work,
// with the one that is kept here.

const OPTIONS = { formats: ["qr_code"] };
let reader = null;

/** The codes that are in a picture, maybe none. */
export async function codesIn(picture) {
  if (picture.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return [];
  reader ??= (await own()) ?? (await kept());
  try {
    return (await reader.detect(picture)).map((found) => found.rawValue).filter(Boolean);
  } catch {
    reader = await kept();
    return [];
  }
}

async function own() {
  const known = await globalThis.BarcodeDetector?.getSupportedFormats().catch(() => []);
  return known?.includes("qr_code") ? new globalThis.BarcodeDetector(OPTIONS) : null;
}

async function kept() {
  const { BarcodeDetector } = await import("../../vendor/qr/decode.js");
  return new BarcodeDetector(OPTIONS);
}

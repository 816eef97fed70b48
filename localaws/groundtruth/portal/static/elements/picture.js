// Loads the picture to be labeled, in the pixels of the stored file.

/**
 * Sets `image` to `address` and resolves to {width, height} as the file has them; rejects with a
 * sentence. The element must be laid out with `image-orientation: none`: browsers turn naturalWidth
 * and naturalHeight by the EXIF orientation even then, and only the layout's size is the file's.
 * Labels belong to the file's pixels.
 */
export async function loadPicture(image, address) {
  if (!address) throw new Error("The task names no image (the attribute src is empty).");
  image.crossOrigin = "anonymous";
  image.src = address;
  try {
    await image.decode();
  } catch {
    throw new Error(
      "The image could not be loaded. Reload the page; if that does not help, decline the task.",
    );
  }
  const width = image.offsetWidth || image.naturalWidth;
  const height = image.offsetHeight || image.naturalHeight;
  if (!width || !height) throw new Error("The image is empty.");
  return { width, height };
}

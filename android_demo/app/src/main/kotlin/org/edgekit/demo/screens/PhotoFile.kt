package org.edgekit.demo.screens

import android.content.ContentResolver
import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.graphics.Matrix
import android.media.ExifInterface
import android.net.Uri
import java.io.File
import java.io.FileNotFoundException
import java.io.IOException
import org.edgekit.demo.R
import org.edgekit.demo.Refused
import org.edgekit.demo.Sentence
import org.edgekit.demo.saysFull

private val JPEG = byteArrayOf(0xFF.toByte(), 0xD8.toByte(), 0xFF.toByte())
private val PNG = byteArrayOf(0x89.toByte(), 'P'.code.toByte(), 'N'.code.toByte(), 'G'.code.toByte())
private const val LARGEST_BYTES = 64 shl 20

/**
 * Take a picked photo into a file that the runtime reads. JPEG and PNG stay as they are, byte for byte, since the runtime
 * decodes them as it did when the artifact was verified; others (HEIC, WebP) are decoded by Android and become PNG.
 * Throws [Refused] for what is no photo.
 */
fun takePhoto(resolver: ContentResolver, uri: Uri, file: File) {
    val partial = File(file.path + ".partial")
    try {
        partial.writeBytes(pictureBytes(resolver, uri))
        // Android's decoder looks at it too: what neither shows is said here, and not only by the runtime.
        if (boundsOf(partial) == null) throw Refused(Sentence(R.string.no_photo))
        if (!partial.renameTo(file)) throw IOException("$partial cannot be renamed")
    } catch (error: IOException) {
        throw Refused(if (error.saysFull()) Sentence(R.string.no_room) else Sentence(R.string.unreadable_photo), error)
    } catch (error: SecurityException) {
        throw Refused(Sentence(R.string.unreadable_photo), error)
    } catch (error: OutOfMemoryError) {
        throw Refused(Sentence(R.string.large_photo), error)
    } finally {
        partial.delete()
    }
}

private fun pictureBytes(resolver: ContentResolver, uri: Uri): ByteArray {
    val stream = resolver.openInputStream(uri) ?: throw FileNotFoundException("$uri")
    val bytes = stream.use { it.readBytes() }
    if (bytes.size > LARGEST_BYTES) throw Refused(Sentence(R.string.large_photo))
    if (bytes.startsWith(JPEG) || bytes.startsWith(PNG)) return bytes
    val bitmap = BitmapFactory.decodeByteArray(bytes, 0, bytes.size) ?: throw Refused(Sentence(R.string.no_photo))
    val output = java.io.ByteArrayOutputStream()
    bitmap.compress(Bitmap.CompressFormat.PNG, 100, output)
    return output.toByteArray()
}

private fun ByteArray.startsWith(start: ByteArray) = size >= start.size && start.indices.all { this[it] == start[it] }

private fun boundsOf(file: File): BitmapFactory.Options? {
    val options = BitmapFactory.Options().apply { inJustDecodeBounds = true }
    BitmapFactory.decodeFile(file.path, options)
    return options.takeIf { it.outWidth > 0 && it.outHeight > 0 }
}

/** A photo, upright, for the screen: at least `side` pixels along its longer side where it has them. */
fun shownPhoto(file: File, side: Int): Bitmap? {
    val bounds = boundsOf(file) ?: return null
    val options = BitmapFactory.Options()
    options.inSampleSize = Integer.highestOneBit(maxOf(1, maxOf(bounds.outWidth, bounds.outHeight) / side))
    val bitmap = BitmapFactory.decodeFile(file.path, options) ?: return null
    val matrix = upright(file) ?: return bitmap
    return Bitmap.createBitmap(bitmap, 0, 0, bitmap.width, bitmap.height, matrix, true)
}

private fun upright(file: File): Matrix? {
    val orientation =
        try {
            ExifInterface(file.path).getAttributeInt(ExifInterface.TAG_ORIENTATION, ExifInterface.ORIENTATION_NORMAL)
        } catch (_: IOException) {
            return null // No EXIF: as it is.
        }
    val matrix = Matrix()
    when (orientation) {
        ExifInterface.ORIENTATION_FLIP_HORIZONTAL -> matrix.setScale(-1f, 1f)
        ExifInterface.ORIENTATION_ROTATE_180 -> matrix.setRotate(180f)
        ExifInterface.ORIENTATION_FLIP_VERTICAL -> matrix.setScale(1f, -1f)
        ExifInterface.ORIENTATION_TRANSPOSE -> matrix.apply { setRotate(90f); postScale(-1f, 1f) }
        ExifInterface.ORIENTATION_ROTATE_90 -> matrix.setRotate(90f)
        ExifInterface.ORIENTATION_TRANSVERSE -> matrix.apply { setRotate(-90f); postScale(-1f, 1f) }
        ExifInterface.ORIENTATION_ROTATE_270 -> matrix.setRotate(-90f)
        else -> return null
    }
    return matrix
}

package org.edgekit.demo.report

import android.content.ContentProvider
import android.content.ContentValues
import android.content.Context
import android.database.Cursor
import android.database.MatrixCursor
import android.net.Uri
import android.os.ParcelFileDescriptor
import android.provider.OpenableColumns
import java.io.File
import java.io.FileNotFoundException

private const val AUTHORITY = "org.edgekit.demo.reports"

/** Where zipped reports lie until Android needs the room. */
fun reportFolder(context: Context) = File(context.cacheDir, "reports")

/** The address under which another app may read a report that is shared with it. */
fun addressOf(zip: File): Uri = Uri.Builder().scheme("content").authority(AUTHORITY).appendPath(zip.name).build()

/** Lets the app that a report is shared with read it, and nothing else. */
class ReportProvider : ContentProvider() {
    override fun onCreate() = true

    override fun openFile(uri: Uri, mode: String): ParcelFileDescriptor =
        if (mode == "r") {
            ParcelFileDescriptor.open(fileOf(uri), ParcelFileDescriptor.MODE_READ_ONLY)
        } else {
            throw SecurityException("reports are read only")
        }

    override fun getType(uri: Uri) = "application/zip"

    override fun query(
        uri: Uri,
        projection: Array<String>?,
        selection: String?,
        selectionArgs: Array<String>?,
        sortOrder: String?,
    ): Cursor {
        val file = fileOf(uri)
        val known = mapOf<String, Any>(OpenableColumns.DISPLAY_NAME to file.name, OpenableColumns.SIZE to file.length())
        val columns = (projection ?: known.keys.toTypedArray()).filter { it in known }
        return MatrixCursor(columns.toTypedArray()).apply { addRow(columns.map { known[it] }) }
    }

    override fun insert(uri: Uri, values: ContentValues?): Uri? = throw UnsupportedOperationException()

    override fun update(uri: Uri, values: ContentValues?, selection: String?, selectionArgs: Array<String>?) =
        throw UnsupportedOperationException()

    override fun delete(uri: Uri, selection: String?, selectionArgs: Array<String>?) =
        throw UnsupportedOperationException()

    private fun fileOf(uri: Uri): File {
        val name = uri.pathSegments.singleOrNull() ?: throw FileNotFoundException("$uri")
        // What is listed, so that no name leads out of the folder.
        return reportFolder(context!!).listFiles()?.firstOrNull { it.name == name } ?: throw FileNotFoundException("$uri")
    }
}

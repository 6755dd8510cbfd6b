package org.edgekit.demo

import android.app.Activity
import android.graphics.Bitmap
import android.graphics.Canvas
import android.os.Looper
import java.io.File
import org.robolectric.Shadows.shadowOf

/** Pictures of screens, drawn by Android's own graphics code. */
object Screenshots {
    private val folder = File(System.getProperty("edgekit.screenshots")!!)

    fun take(activity: Activity, name: String) {
        shadowOf(Looper.getMainLooper()).idle()
        val view = activity.window.decorView
        val bitmap = Bitmap.createBitmap(view.width, view.height, Bitmap.Config.ARGB_8888)
        view.draw(Canvas(bitmap))
        folder.mkdirs()
        File(folder, "$name.png").outputStream().use { bitmap.compress(Bitmap.CompressFormat.PNG, 100, it) }
    }
}

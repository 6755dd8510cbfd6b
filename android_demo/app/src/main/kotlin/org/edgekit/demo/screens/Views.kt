package org.edgekit.demo.screens

import android.app.Activity
import android.view.View
import android.widget.TextView
import java.util.Locale

/** A view that the layout has. */
fun <T : View> Activity.view(id: Int): T = requireNotNull(findViewById<T>(id))

/** A view that the layout has below this one. */
fun <T : View> View.view(id: Int): T = requireNotNull(findViewById<T>(id))

/** A text, or no view where there is none. */
fun TextView.showText(text: String?) {
    this.text = text
    visibility = if (text == null) View.GONE else View.VISIBLE
}

/** A number with three digits, or with two and a power of ten where it is small. */
fun figure(value: Double): String =
    when (value) {
        0.0 -> "0"
        in 0.001..9999.0 -> "%.3g".format(Locale.ROOT, value)
        else -> "%.1e".format(Locale.ROOT, value)
    }

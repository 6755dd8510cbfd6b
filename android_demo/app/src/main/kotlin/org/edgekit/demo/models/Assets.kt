package org.edgekit.demo.models

import java.io.InputStream

/** Where the app's models come from: its assets, by their paths. */
fun interface Assets {
    /** Throws java.io.FileNotFoundException for what is not there. */
    fun open(path: String): InputStream
}

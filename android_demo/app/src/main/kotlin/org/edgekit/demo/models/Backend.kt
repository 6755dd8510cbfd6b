package org.edgekit.demo.models

/** An inference library that the app may hold: the targets whose artifacts it runs, and its native library. */
enum class Backend(val target: String, val title: String, val library: String) {
    NCNN("ncnn", "ncnn", "edgekit_jni_ncnn"),
    LITE("lite", "Paddle Lite", "edgekit_jni_lite");

    companion object {
        fun of(target: String): Backend? = entries.firstOrNull { it.target == target }
    }
}

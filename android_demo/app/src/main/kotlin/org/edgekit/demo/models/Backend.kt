package org.edgekit.demo.models

/**
 * An inference library that the app may hold: the target whose artifacts it runs, its native library, and the roles of
 * files that artifacts have for other machines, which need not be in the app.
 */
enum class Backend(val target: String, val title: String, val library: String, val spares: Set<String> = emptySet()) {
    NCNN("ncnn", "ncnn", "edgekit_jni_ncnn"),
    LITE("lite", "Paddle Lite", "edgekit_jni_lite", setOf("model.x86.nb"));

    companion object {
        fun of(target: String): Backend? = entries.firstOrNull { it.target == target }
    }
}

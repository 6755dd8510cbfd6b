package org.edgekit.demo.models

/** A model in the app's assets, with the names that `edgekit export-app` gave it; [folder] is below `models/`. */
data class DemoModel(val model: String, val target: String, val folder: String, val title: String) {
    val backend: Backend? get() = Backend.of(target)
}

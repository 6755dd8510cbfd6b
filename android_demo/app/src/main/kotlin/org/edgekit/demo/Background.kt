package org.edgekit.demo

import android.os.Handler
import android.os.Looper
import java.util.concurrent.Executors

/** Work that takes long goes to one thread of its own, and its result to the main thread. */
object Background {
    private val executor = Executors.newSingleThreadExecutor { Thread(it, "background") }
    private val main = Handler(Looper.getMainLooper())

    fun <T> run(work: () -> T, done: (T) -> Unit) {
        executor.execute {
            val result = work()
            main.post { done(result) }
        }
    }
}

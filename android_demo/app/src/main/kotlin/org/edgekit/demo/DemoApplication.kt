package org.edgekit.demo

import android.app.Application
import org.edgekit.demo.models.ArtifactStore
import org.edgekit.demo.models.Assets
import org.edgekit.demo.remote.PhotoService
import org.edgekit.demo.remote.RuntimeClient
import org.edgekit.demo.remote.SelfTestService
import org.edgekit.demo.screens.PhotoWork
import org.edgekit.demo.screens.SelfTestWork

/** What lasts longer than a screen: a turned phone makes its activities anew, and work goes on. */
open class DemoApplication : Application() {
    open val models: Assets get() = Assets(assets::open)
    val store: ArtifactStore by lazy { ArtifactStore(models, filesDir) }
    val selfTest: SelfTestWork by lazy { SelfTestWork(models, store, RuntimeClient(this, SelfTestService::class.java)) }
    val photo: PhotoWork by lazy { PhotoWork(store, RuntimeClient(this, PhotoService::class.java)) }

    @Suppress("DEPRECATION") // From Android 14 on nobody is told of this level, and before it is the one that matters.
    override fun onTrimMemory(level: Int) {
        super.onTrimMemory(level)
        if (level >= TRIM_MEMORY_RUNNING_LOW) photo.release()
    }
}

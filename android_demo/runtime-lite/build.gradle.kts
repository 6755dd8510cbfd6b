// The app's native library with Paddle Lite, whose release is downloaded and compared with its hash first.
import java.net.URI
import java.security.MessageDigest

plugins { id("com.android.library") }

val address = providers.gradleProperty("edgekit.lite.url").get()
val sha256 = providers.gradleProperty("edgekit.lite.sha256").orNull.orEmpty()
val archive = layout.buildDirectory.file("downloads/${address.substringAfterLast("/")}")
val unpacked = layout.buildDirectory.dir("lite/$sha256")
val libraries = layout.buildDirectory.dir("libraries")

val fetchLite by tasks.registering {
    outputs.dir(unpacked)
    outputs.dir(libraries)
    doLast {
        if (sha256.isEmpty()) throw GradleException("edgekit.lite.sha256 in gradle.properties is empty: write the archive's SHA-256 there")
        val file = archive.get().asFile
        file.parentFile.mkdirs()
        if (!file.exists()) URI(address).toURL().openStream().use { from -> file.outputStream().use { from.copyTo(it) } }
        val digest = MessageDigest.getInstance("SHA-256").digest(file.readBytes())
        val found = digest.joinToString("") { byte -> "%02x".format(byte) }
        if (found != sha256.lowercase()) {
            file.delete()
            throw GradleException("${file.name} has the SHA-256 $found, and gradle.properties says $sha256")
        }
        copy {
            from(if (file.name.endsWith(".zip")) zipTree(file) else tarTree(resources.gzip(file)))
            into(unpacked)
        }
        // The app packs it beside the library that needs it.
        copy {
            from(fileTree(unpacked).filter { it.name == "libpaddle_light_api_shared.so" && "cxx" in it.path })
            into(libraries.get().dir("arm64-v8a"))
        }
    }
}

android {
    namespace = "org.edgekit.demo.lite"
    compileSdk = 35
    ndkVersion = "28.2.13676358"

    defaultConfig {
        minSdk = 24
        ndk { abiFilters += "arm64-v8a" }
        externalNativeBuild {
            cmake {
                targets += "edgekit_jni_lite"
                arguments += listOf(
                    "-DEDGEKIT_BACKEND=lite",
                    "-DEDGEKIT_LITE_LIBRARY=${unpacked.get().asFile.path}",
                    "-DANDROID_STL=c++_shared",
                )
            }
        }
    }
    sourceSets["main"].jniLibs.srcDir(libraries)
    externalNativeBuild { cmake { path = file("../app/src/main/cpp/CMakeLists.txt") } }
}

tasks.matching { it.name.startsWith("configureCMake") || it.name.contains("JniLibFolders") }.configureEach { dependsOn(fetchLite) }

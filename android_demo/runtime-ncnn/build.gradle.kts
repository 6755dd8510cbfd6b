// The app's native library with ncnn, whose release is downloaded and compared with its hash first.
import java.net.URI
import java.security.MessageDigest

plugins { id("com.android.library") }

val tag = providers.gradleProperty("edgekit.ncnn.tag").get()
val sha256 = providers.gradleProperty("edgekit.ncnn.sha256").orNull.orEmpty()
val archive = layout.buildDirectory.file("downloads/ncnn-$tag-android.zip")
val unpacked = layout.buildDirectory.dir("ncnn/$sha256")

val fetchNcnn by tasks.registering {
    outputs.dir(unpacked)
    doLast {
        if (sha256.isEmpty()) {
            throw GradleException("edgekit.ncnn.sha256 in gradle.properties is empty: write the SHA-256 of ncnn-$tag-android.zip there")
        }
        val file = archive.get().asFile
        file.parentFile.mkdirs()
        if (!file.exists()) {
            val address = "https://github.com/Tencent/ncnn/releases/download/$tag/${file.name}"
            URI(address).toURL().openStream().use { from -> file.outputStream().use { from.copyTo(it) } }
        }
        val digest = MessageDigest.getInstance("SHA-256").digest(file.readBytes())
        val found = digest.joinToString("") { byte -> "%02x".format(byte) }
        if (found != sha256.lowercase()) {
            file.delete()
            throw GradleException("${file.name} has the SHA-256 $found, and gradle.properties says $sha256")
        }
        copy {
            from(zipTree(file))
            into(unpacked)
        }
    }
}

android {
    namespace = "org.edgekit.demo.ncnn"
    compileSdk = 35
    ndkVersion = "28.2.13676358"

    defaultConfig {
        minSdk = 24
        ndk { abiFilters += listOf("arm64-v8a", "x86_64") }
        externalNativeBuild {
            cmake {
                targets += "edgekit_jni_ncnn"
                arguments += listOf(
                    "-DEDGEKIT_BACKEND=ncnn",
                    "-DEDGEKIT_NCNN_RELEASE=${unpacked.get().asFile.path}/ncnn-$tag-android",
                    "-DANDROID_STL=c++_static",
                )
            }
        }
    }
    externalNativeBuild { cmake { path = file("../app/src/main/cpp/CMakeLists.txt") } }
}

tasks.matching { it.name.startsWith("configureCMake") }.configureEach { dependsOn(fetchNcnn) }

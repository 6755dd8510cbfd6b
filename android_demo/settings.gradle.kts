pluginManagement {
    repositories {
        google()
        mavenCentral()
        gradlePluginPortal()
    }
}

dependencyResolutionManagement {
    repositoriesMode.set(RepositoriesMode.FAIL_ON_PROJECT_REPOS)
    repositories {
        google()
        mavenCentral()
    }
}

rootProject.name = "edgekit-demo"
include(":app", ":runtime-ncnn")
// Paddle Lite's library is in the app where gradle.properties says which release.
if (providers.gradleProperty("edgekit.lite.url").orNull.orEmpty().isNotEmpty()) include(":runtime-lite")

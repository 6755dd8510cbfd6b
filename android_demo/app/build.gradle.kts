plugins {
    id("com.android.application")
    id("org.jetbrains.kotlin.android")
}

android {
    namespace = "org.edgekit.demo"
    compileSdk = 35

    defaultConfig {
        applicationId = "org.edgekit.demo"
        minSdk = 24
        targetSdk = 34
        versionCode = 1
        versionName = Regex("__version__ = \"(.+)\"").find(rootDir.resolve("../edgekit/__init__.py").readText())!!.groupValues[1]
    }

    buildTypes {
        release {
            isMinifyEnabled = true
            proguardFiles(getDefaultProguardFile("proguard-android-optimize.txt"), "proguard-rules.pro")
        }
    }

    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_17
        targetCompatibility = JavaVersion.VERSION_17
    }

    testOptions.unitTests {
        isIncludeAndroidResources = true
        all {
            it.systemProperty("edgekit.screenshots", layout.buildDirectory.dir("screenshots").get().asFile.path)
            it.jvmArgs("--add-opens=java.base/java.io=ALL-UNNAMED", "--add-opens=java.base/java.lang=ALL-UNNAMED")
        }
    }
}

kotlin { jvmToolchain(17) }

dependencies {
    implementation(project(":runtime-ncnn"))
    if (findProject(":runtime-lite") != null) implementation(project(":runtime-lite"))
    testImplementation("junit:junit:4.13.2")
    testImplementation("org.robolectric:robolectric:4.14.1")
}

package org.edgekit.demo.report

import android.os.Build

/** What a report says of the device beside what the runtime knows: names and values in turn. */
fun machine(): List<String> =
    listOf(
        "manufacturer", Build.MANUFACTURER,
        "model", Build.MODEL,
        "android", Build.VERSION.RELEASE,
        "abi", Build.SUPPORTED_ABIS.firstOrNull().orEmpty(),
        "build", Build.FINGERPRINT,
    )

/** The device in words. */
fun deviceTitle(): String =
    listOf(
        "${Build.MANUFACTURER} ${Build.MODEL}",
        "Android ${Build.VERSION.RELEASE}",
        Build.SUPPORTED_ABIS.firstOrNull().orEmpty(),
    ).filter { it.isNotBlank() }.joinToString(", ")

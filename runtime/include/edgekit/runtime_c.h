/* The same in C: what Java, Kotlin, Swift, Python and others call. See runtime.h and docs/runtime.md.
 *
 * Texts are UTF-8. A call that can fail takes `error`, a buffer of `size` bytes, and leaves one sentence in it, which is
 * empty where all went well; a sentence that is too long is cut. */
#ifndef EDGEKIT_RUNTIME_C_H_
#define EDGEKIT_RUNTIME_C_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct edgekit_model edgekit_model;

typedef struct {
  int index;
  double probability;
  const char* name; /* of the model, which must not be freed before; empty where the class has none */
} edgekit_ranked;

/* Load the artifact in `folder`; `threads` 0 as many as the machine has, `precision` "fp32", "fp16" or NULL for its own.
 * NULL where it cannot be loaded. */
edgekit_model* edgekit_load(const char* folder, int threads, const char* precision, char* error, size_t size);

void edgekit_free(edgekit_model* model);

/* The likeliest classes of a JPEG or PNG file in memory, at most `top` of them; returns how many, or -1. */
int edgekit_classify_file(edgekit_model* model, const uint8_t* bytes, size_t length, edgekit_ranked* classes, int top,
                          char* error, size_t size);

/* The same of pixels: 8-bit RGB (channels 3) or RGBA (4), row by row, upright; `row_bytes` 0 without gaps. */
int edgekit_classify_pixels(edgekit_model* model, const uint8_t* pixels, int width, int height, int channels,
                            size_t row_bytes, edgekit_ranked* classes, int top, char* error, size_t size);

/* 1 passed, 0 failed, -1 it could not be made. `error` then names the first stage that failed, or what was wrong. */
int edgekit_self_test(const char* folder, int threads, const char* precision, char* error, size_t size);

/* What a report has beside the photo's way: the self-test, which takes some seconds; no frame.png, where the caller writes
 * it. */
#define EDGEKIT_REPORT_SELF_TEST 1
#define EDGEKIT_REPORT_NO_FRAME 2

/* What this device did with one photo, a JPEG or PNG file in memory, as files in `folder` (runtime.h says which): zipped,
 * `edgekit verify --from-device` judges them. `machine` are names and values in turn, ended by NULL, or NULL. 1 done, -1
 * not. */
int edgekit_report(edgekit_model* model, const uint8_t* bytes, size_t length, const char* folder,
                   const char* const* machine, int flags, char* error, size_t size);

/* The same of pixels, as edgekit_classify_pixels takes them. */
int edgekit_report_pixels(edgekit_model* model, const uint8_t* pixels, int width, int height, int channels,
                          size_t row_bytes, const char* folder, const char* const* machine, int flags, char* error,
                          size_t size);

/* The same as JSON, for languages that have a reader of it and would have to take structures apart: the class list of
 * edgekit_classify_file with how long it took, the stages of a self-test. One that could not be made is {"error": "one
 * sentence"}. The text is the caller's, who gives it to edgekit_free_text; NULL where there is no memory for it. */
char* edgekit_classify_json(edgekit_model* model, const uint8_t* bytes, size_t length, int top);
char* edgekit_self_test_json(const char* folder, int threads, const char* precision);
void edgekit_free_text(char* text);

/* "edgekit 0.2.0, ncnn 1.0.20261020, x86_64" */
const char* edgekit_version(void);

#ifdef __cplusplus
}
#endif

#endif

/* The C API from C: edgekit_c_api_test [ARTIFACT PHOTO REPORT]. Without them only what needs no artifact. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "edgekit/runtime_c.h"

static int fail(const char* what) {
  fprintf(stderr, "%s\n", what);
  return 1;
}

/* Whether a document holds a word; it is freed. */
static int holds(char* document, const char* word) {
  const int found = document && strstr(document, word) != NULL;
  edgekit_free_text(document);
  return found;
}

int main(int count, char** values) {
  char error[256];
  edgekit_ranked classes[3];
  edgekit_model* model = edgekit_load("/nowhere", 1, NULL, error, sizeof(error));
  if (model || strstr(error, "/nowhere is not an artifact") == NULL) return fail("an absent artifact was loaded");
  model = edgekit_load("/nowhere", 1, NULL, error, 4);
  if (model || strcmp(error, "/no") != 0) return fail("a sentence was not cut to its place");
  if (edgekit_load(NULL, 1, NULL, NULL, 0)) return fail("nothing was loaded");
  if (edgekit_classify_file(NULL, NULL, 0, classes, 3, error, sizeof(error)) != -1) return fail("no model answered");
  if (edgekit_self_test("/nowhere", 0, NULL, error, sizeof(error)) != -1) return fail("an absent artifact passed");
  if (edgekit_report(NULL, NULL, 0, "/nowhere", NULL, 0, error, sizeof(error)) != -1) return fail("nothing was reported");
  if (!holds(edgekit_self_test_json("/nowhere", 0, NULL), "{\n  \"error\": \"/nowhere is not")) return fail("no error as JSON");
  if (!holds(edgekit_self_test_json(NULL, 0, NULL), "\"error\"")) return fail("nothing passed as JSON");
  if (!holds(edgekit_classify_json(NULL, NULL, 0, 5), "\"error\"")) return fail("no model answered as JSON");
  if (strncmp(edgekit_version(), "edgekit ", 8) != 0) return fail("no version");
  edgekit_free(NULL);
  if (count < 3) return 0;

  FILE* file = fopen(values[2], "rb");
  if (!file) return fail("no photo");
  static unsigned char bytes[1 << 22];
  const size_t size = fread(bytes, 1, sizeof(bytes), file);
  fclose(file);
  model = edgekit_load(values[1], 1, NULL, error, sizeof(error));
  if (!model) return fail(error);
  const int found = edgekit_classify_file(model, bytes, size, classes, 3, error, sizeof(error));
  if (found < 1 || error[0]) return fail(error);
  for (int i = 0; i < found; ++i) printf("%d %s %.17g\n", classes[i].index, classes[i].name, classes[i].probability);
  if (!holds(edgekit_classify_json(model, bytes, size, 3), "\"classes\": [")) return fail("no classes as JSON");
  if (!holds(edgekit_classify_json(model, bytes, size / 2, 3), "\"error\"")) return fail("half a photo as JSON");
  if (!holds(edgekit_self_test_json(values[1], 1, NULL), "\"stages\": [")) return fail("no stages as JSON");
  if (edgekit_classify_file(model, bytes, size / 2, classes, 3, error, sizeof(error)) != -1) {
    return fail("half a photo was classified");
  }
  if (count > 3) {
    const char* const machine[] = {"manufacturer", "nobody", "abi", "a \"quoted\" one", NULL};
    if (edgekit_report(model, bytes, size, values[3], machine, EDGEKIT_REPORT_NO_FRAME, error, sizeof(error)) != 1) {
      return fail(error);
    }
    if (edgekit_report(model, bytes, size, "/nowhere/report", machine, 0, error, sizeof(error)) != -1 ||
        strstr(error, "/nowhere/report cannot be made") == NULL) {
      return fail("a report was written nowhere");
    }
  }
  edgekit_free(model);
  return 0;
}

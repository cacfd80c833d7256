# Writes the C file OUT: the texts of FILES (a list of paths) and thesis_text(), which finds one by its file name.
# cmake -DOUT=... "-DFILES=a;b" -P cmake/texts.cmake
set(code "/* Made by cmake/texts.cmake. */\n#include <stddef.h>\n#include <string.h>\n
const char *thesis_text(const char *name);\n\n")
set(rows "")
set(number 0)
foreach(file ${FILES})
    cmake_path(GET file FILENAME name)
    file(READ ${file} bytes HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
    string(APPEND code "static const char text_${number}[] = {${bytes}0};\n")
    string(APPEND rows "\t{\"${name}\", text_${number}},\n")
    math(EXPR number "${number} + 1")
endforeach()
string(APPEND code "
static const struct {
	const char *name, *text;
} texts[] = {
${rows}};

const char *thesis_text(const char *name)
{
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (strcmp(texts[i].name, name) == 0) return texts[i].text;
	return NULL;
}
")
file(WRITE ${OUT} "${code}")

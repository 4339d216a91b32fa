/* Text of terminals -> the text without its escape sequences, in UTF-8 as the engine reads it: what `views.ESCAPE.sub` leaves,
 * many times faster.
 *
 * ECMA-48 control sequences, operating-system commands and two-character escapes; the bounds are those of the pattern.
 * Only Python's stable interface is used, so that one build serves every version from 3.11 on. Where this is not built,
 * `views` does the same by `re`.
 */

#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <string.h>

#define ESCAPE 0x1b
#define BELL 0x07
#define MOST_PARAMETERS 256
#define MOST_INTERMEDIATES 16
#define MOST_SAID 4096

/* Past at most `most` bytes from `first` to `last`. */
static const unsigned char *
past(const unsigned char *at, const unsigned char *stop, unsigned char first, unsigned char last, int most)
{
    for (; most > 0 && at < stop && *at >= first && *at <= last; most--)
        at++;
    return at;
}

/* Where the sequence that begins at `begin` ends: `begin` itself, where none does. */
static const unsigned char *
end_of(const unsigned char *begin, const unsigned char *stop, int *is_control)
{
    const unsigned char *at = begin + 2;
    int said = 0;

    *is_control = 0;
    if (stop - begin < 2)
        return begin;
    switch (begin[1]) {
    case '[':
        at = past(at, stop, '0', '?', MOST_PARAMETERS);
        at = past(at, stop, ' ', '/', MOST_INTERMEDIATES);
        if (at == stop || *at < '@' || *at > '~')
            return begin;
        *is_control = 1;
        return at + 1;
    case ']':
        for (; at < stop && *at != BELL && *at != ESCAPE; at++) {
            /* Characters are counted, of which each has one byte that is not a continuation. */
            if ((*at & 0xC0) != 0x80 && ++said > MOST_SAID)
                return begin + 2;
        }
        if (at < stop && *at == BELL)
            return at + 1;
        if (stop - at >= 2 && at[1] == '\\')
            return at + 2;
        return begin + 2;
    default:
        return begin[1] >= '@' && begin[1] <= '_' ? begin + 2 : begin;
    }
}

PyDoc_STRVAR(without_escapes_doc,
"without_escapes(text)\n--\n\n"
"``text`` without escape sequences, in UTF-8, and whether there were others than control sequences.");

static PyObject *
without_escapes(PyObject *Py_UNUSED(module), PyObject *text)
{
    PyObject *encoded, *data = NULL, *answer = NULL;
    const unsigned char *from, *at, *end, *stop;
    unsigned char *kept = NULL, *to;
    char *bytes;
    Py_ssize_t size;
    int others = 0, is_control;

    if (!PyUnicode_Check(text)) {
        PyErr_SetString(PyExc_TypeError, "without_escapes() takes a str");
        return NULL;
    }
    encoded = PyUnicode_AsEncodedString(text, "utf-8", "surrogatepass");
    if (encoded == NULL || PyBytes_AsStringAndSize(encoded, &bytes, &size) < 0)
        goto done;
    kept = to = PyMem_Malloc(size ? (size_t)size : 1);
    if (kept == NULL) {
        PyErr_NoMemory();
        goto done;
    }
    from = at = (const unsigned char *)bytes;
    stop = from + size;
    while ((at = memchr(at, ESCAPE, (size_t)(stop - at))) != NULL) {
        end = end_of(at, stop, &is_control);
        others |= !is_control;
        if (end == at) {
            at++;
            continue;
        }
        memcpy(to, from, (size_t)(at - from));
        to += at - from;
        from = at = end;
    }
    memcpy(to, from, (size_t)(stop - from));
    to += stop - from;
    data = PyBytes_FromStringAndSize((char *)kept, to - kept);
    if (data != NULL)
        answer = PyTuple_Pack(2, data, others ? Py_True : Py_False);
done:
    PyMem_Free(kept);
    Py_XDECREF(encoded);
    Py_XDECREF(data);
    return answer;
}

static PyMethodDef methods[] = {
    {"without_escapes", without_escapes, METH_O, without_escapes_doc},
    {NULL, NULL, 0, NULL},
};

/* Nothing is kept between calls. */
static PyModuleDef_Slot slots[] = {{0, NULL}};

static struct PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "_escapes",
    .m_doc = "Escape sequences of terminals, taken away.",
    .m_size = 0,
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC
PyInit__escapes(void)
{
    return PyModuleDef_Init(&definition);
}

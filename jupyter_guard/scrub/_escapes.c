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
#include <stdint.h>
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
    const unsigned char *at;
    int said = 0;

    *is_control = 0;
    if (stop - begin < 2)
        return begin;
    at = begin + 2;
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

/* What `bytes` holds without sequences -> `to`, or only counted where that is NULL. Whether there were others than control
 * sequences -> `others`. */
static Py_ssize_t
take(const unsigned char *bytes, Py_ssize_t size, unsigned char *to, int *others)
{
    const unsigned char *from = bytes, *at = bytes, *stop = bytes + size, *end;
    Py_ssize_t taken = 0;
    int is_control;

    while ((at = memchr(at, ESCAPE, (size_t)(stop - at))) != NULL) {
        end = end_of(at, stop, &is_control);
        *others |= !is_control;
        if (end == at) {
            at++;
            continue;
        }
        if (to != NULL)
            memcpy(to + taken, from, (size_t)(at - from));
        taken += at - from;
        from = at = end;
    }
    if (to != NULL)
        memcpy(to + taken, from, (size_t)(stop - from));
    return taken + (stop - from);
}

static PyObject *
without_escapes(PyObject *Py_UNUSED(module), PyObject *text)
{
    PyObject *encoded, *data = NULL, *answer = NULL;
    char *bytes;
    Py_ssize_t size, left;
    int others = 0;

    if (!PyUnicode_Check(text)) {
        PyErr_SetString(PyExc_TypeError, "without_escapes() takes a str");
        return NULL;
    }
    encoded = PyUnicode_AsEncodedString(text, "utf-8", "surrogatepass");
    if (encoded == NULL || PyBytes_AsStringAndSize(encoded, &bytes, &size) < 0)
        goto done;
    /* Twice over it takes less than a copy of what is too long. */
    left = take((unsigned char *)bytes, size, NULL, &others);
    data = PyBytes_FromStringAndSize(NULL, left);
    if (data == NULL)
        goto done;
    take((unsigned char *)bytes, size, (unsigned char *)PyBytes_AsString(data), &others);
    answer = PyTuple_Pack(2, data, others ? Py_True : Py_False);
done:
    Py_XDECREF(encoded);
    Py_XDECREF(data);
    return answer;
}

PyDoc_STRVAR(characters_doc,
"characters(data, start, stop)\n--\n\n"
"How many characters begin in ``data[start:stop]``, which is UTF-8.");

static PyObject *
characters(PyObject *Py_UNUSED(module), PyObject *args)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    Py_buffer buffer;
    const char *data;
    Py_ssize_t start, stop, count = 0;
    uint64_t eight;

    if (!PyArg_ParseTuple(args, "y*nn:characters", &buffer, &start, &stop))
        return NULL;
    data = buffer.buf;
    start = start < 0 ? 0 : start > buffer.len ? buffer.len : start;
    stop = stop < start ? start : stop > buffer.len ? buffer.len : stop;
    for (; stop - start >= 8; start += 8) {
        memcpy(&eight, data + start, 8);
        /* One in each byte whose highest bit is not set, or whose next one is; added up in the highest byte. */
        eight = ((~eight >> 7) | (eight >> 6)) & ones;
        count += (Py_ssize_t)((eight * ones) >> 56);
    }
    for (; start < stop; start++)
        count += (data[start] & 0xC0) != 0x80;
    PyBuffer_Release(&buffer);
    return PyLong_FromSsize_t(count);
}

static PyMethodDef methods[] = {
    {"characters", characters, METH_VARARGS, characters_doc},
    {"without_escapes", without_escapes, METH_O, without_escapes_doc},
    {NULL, NULL, 0, NULL},
};

/* Nothing is kept between calls. */
static PyModuleDef_Slot slots[] = {{0, NULL}};

static struct PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "_escapes",
    .m_doc = "Escape sequences of terminals, taken away, and characters, counted.",
    .m_size = 0,
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC
PyInit__escapes(void)
{
    return PyModuleDef_Init(&definition);
}

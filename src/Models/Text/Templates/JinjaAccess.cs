namespace Pipelines.Models.Text.Templates;

/// <summary>
/// Attributes, keys, items and slices. As in Jinja2, <c>a.b</c> tries the attribute and then the key, <c>a['b']</c> the
/// key and then the attribute; what is missing is undefined.
/// </summary>
internal static class JinjaAccess
{
    /// <summary><c>value.name</c></summary>
    /// <param name="value">Of what.</param>
    /// <param name="name">Name.</param>
    /// <param name="keys">Whether a key of the name will do.</param>
    public static object Attribute(object value, string name, bool keys = true)
    {
        if (value is Undefined missing)
        {
            throw missing.Error;
        }

        if (OwnAttribute(value, name) is { } found)
        {
            return found;
        }

        return (keys && value is PythonDict dict ? dict.Find(name) : null) ?? Missing(value, name);
    }

    /// <summary><c>value[key]</c></summary>
    public static object Item(object value, object key)
    {
        switch (value)
        {
            case Undefined missing:
                throw missing.Error;
            case PythonDict dict when key is not (PythonList or PythonDict) && dict.Find(key) is { } found:
                return found;
            case PythonSequence sequence when sequence is not PythonView && key is (bool or long):
                return At(sequence.Items, PythonArithmetic.Whole(key)) ?? Missing(value, PythonObjects.Text(key));
            case string text when key is bool or long:
                return At([.. PythonText.Characters(text)], PythonArithmetic.Whole(key))
                    ?? Missing(value, PythonObjects.Text(key));
        }

        return (key is string name ? OwnAttribute(value, name) : null)
            ?? Missing(value, key is string or long ? PythonObjects.Text(key) : "key");
    }

    /// <summary><c>value[start:stop:step]</c></summary>
    public static object Slice(object value, object? start, object? stop, object? step)
    {
        long stride = step is null or PythonNone ? 1 : PythonArithmetic.Whole(step);
        if (stride == 0)
        {
            throw new PythonException("the step of a slice is 0");
        }

        switch (value)
        {
            case string text:
                return string.Concat(Sliced([.. PythonText.Characters(text)]));
            case PythonSequence sequence and not PythonView:
                return sequence.With(Sliced(sequence.Items));
            case Undefined missing:
                throw missing.Error;
            default:
                throw new PythonException($"a {PythonObjects.TypeOf(value)} cannot be sliced");
        }

        List<object> Sliced(IReadOnlyList<object> items)
        {
            long count = items.Count;
            long Bound(object? given, long otherwise)
            {
                if (given is null or PythonNone)
                {
                    return otherwise;
                }

                long bound = PythonArithmetic.Whole(given);
                if (bound < 0)
                {
                    bound += count;
                }

                return stride > 0 ? Math.Clamp(bound, 0, count) : Math.Clamp(bound, -1, count - 1);
            }

            long from = Bound(start, stride > 0 ? 0 : count - 1),
                to = Bound(stop, stride > 0 ? count : -1);
            var taken = new List<object>();
            for (long i = from; stride > 0 ? i < to : i > to; i += Math.Clamp(stride, -count - 1, count + 1))
            {
                taken.Add(items[(int)i]);
            }

            return taken;
        }
    }

    private static object? OwnAttribute(object value, string name)
    {
        if (name.StartsWith('_'))
        {
            return null;
        }

        return value switch
        {
            PythonNamespace made => made.Attributes.GetValueOrDefault(name),
            LoopState loop => loop.Find(name),
            _ => PythonMethods.Of(value, name),
        };
    }

    private static object? At(IReadOnlyList<object> items, long index)
    {
        long at = index < 0 ? index + items.Count : index;
        return at >= 0 && at < items.Count ? items[(int)at] : null;
    }

    private static Undefined Missing(object value, string name) =>
        new($"'{(name.Length <= 40 ? name : name[..40] + "…")}' of a {PythonObjects.TypeOf(value)}");
}

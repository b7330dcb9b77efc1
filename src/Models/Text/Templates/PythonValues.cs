using System.Runtime.CompilerServices;
using Pipelines.Domain.Errors;

namespace Pipelines.Models.Text.Templates;

/// <summary>
/// Python's None. Values of a template are objects, never null: this, <see cref="bool"/>, <see cref="long"/>,
/// <see cref="double"/>, <see cref="string"/>, <see cref="PythonSequence"/>,
/// <see cref="PythonDict"/>, <see cref="PythonGenerator"/>, <see cref="Undefined"/>, <see cref="PythonNamespace"/>,
/// <see cref="LoopState"/> and <see cref="Callable"/>.
/// </summary>
internal sealed class PythonNone
{
    private PythonNone() { }

    /// <summary>The one value.</summary>
    public static PythonNone Value { get; } = new();
}

/// <summary>
/// A name, key or item that is not there: prints nothing, counts as empty, and is an error in any sum, call or further
/// access.
/// </summary>
/// <param name="what">What is missing.</param>
public sealed class Undefined(string what)
{
    /// <summary>The error of using it.</summary>
    public PythonException Error => new($"{what} is undefined");
}

/// <summary>A list, tuple or range.</summary>
/// <param name="items">The items.</param>
internal abstract class PythonSequence(IReadOnlyList<object> items)
{
    /// <summary>The items.</summary>
    public IReadOnlyList<object> Items => items;

    /// <summary>Characters and items in it, at any depth: what a comparison or a print costs at most.</summary>
    public long Size { get; } = JinjaBudget.Bounded(1 + items.Sum(PythonObjects.SizeOf));

    /// <summary>A sequence of the same kind with other items.</summary>
    public abstract PythonSequence With(IReadOnlyList<object> others);
}

/// <summary>A list. Templates cannot change it: the sandbox of transformers is immutable.</summary>
internal sealed class PythonList(IReadOnlyList<object> items) : PythonSequence(items)
{
    /// <inheritdoc/>
    public override PythonSequence With(IReadOnlyList<object> others) => new PythonList(others);
}

/// <summary>A tuple.</summary>
internal sealed class PythonTuple(IReadOnlyList<object> items) : PythonSequence(items)
{
    /// <inheritdoc/>
    public override PythonSequence With(IReadOnlyList<object> others) => new PythonTuple(others);
}

/// <summary>A range; its slices are shown as lists are not, so it prints nowhere.</summary>
internal sealed class PythonRange(IReadOnlyList<object> items) : PythonSequence(items)
{
    /// <inheritdoc/>
    public override PythonSequence With(IReadOnlyList<object> others) => new PythonRange(others);
}

/// <summary>The keys, values or pairs of a dictionary: gone over and counted, but not indexed.</summary>
internal sealed class PythonView(IReadOnlyList<object> items) : PythonSequence(items)
{
    /// <inheritdoc/>
    public override PythonSequence With(IReadOnlyList<object> others) => new PythonView(others);
}

/// <summary>A dictionary, in the order in which keys came.</summary>
internal sealed class PythonDict
{
    private readonly OrderedDictionary<object, object> entries = new(KeyComparer.Instance);

    /// <summary>The keys.</summary>
    public IReadOnlyList<object> Keys => entries.Keys;

    /// <summary>Keys with their values.</summary>
    public IEnumerable<KeyValuePair<object, object>> Entries => entries;

    /// <summary>Number of keys.</summary>
    public int Count => entries.Count;

    /// <summary>Characters and items in it, at any depth.</summary>
    public long Size { get; private set; } = 1;

    /// <summary>Sets a key.</summary>
    /// <exception cref="PythonException">A list or a dictionary cannot be a key.</exception>
    public void Set(object key, object value)
    {
        entries[Hashable(key)] = value;
        Size = JinjaBudget.Bounded(Size + PythonObjects.SizeOf(key) + PythonObjects.SizeOf(value));
    }

    /// <summary>The value of a key, or null.</summary>
    /// <exception cref="PythonException">A list or a dictionary cannot be a key.</exception>
    public object? Find(object key) => entries.GetValueOrDefault(Hashable(key));

    private static object Hashable(object key) =>
        key is PythonList or PythonDict
        || (key is PythonTuple tuple && tuple.Items.Any(i => i is PythonList or PythonDict or PythonTuple))
            ? throw new PythonException($"a {PythonObjects.TypeOf(key)} cannot be a key")
            : key;

    private sealed class KeyComparer : IEqualityComparer<object>
    {
        public static KeyComparer Instance { get; } = new();

        public new bool Equals(object? x, object? y) => PythonObjects.AreEqual(x!, y!);

        public int GetHashCode(object key) =>
            key switch
            {
                bool flag => flag ? 1 : 0,
                long whole => whole.GetHashCode(),
                double number when number == Math.Floor(number) && Math.Abs(number) < 1e15 => (
                    (long)number
                ).GetHashCode(),
                string or double => key.GetHashCode(),
                PythonTuple tuple => tuple.Items.Count,
                _ => RuntimeHelpers.GetHashCode(key),
            };
    }
}

/// <summary>What a filter such as <c>selectattr</c> gives: items that can be taken once, and have no length.</summary>
/// <param name="items">The items.</param>
internal sealed class PythonGenerator(IEnumerable<object> items)
{
    private readonly IEnumerator<object> rest = items.GetEnumerator();

    /// <summary>The items that were not taken yet.</summary>
    public IEnumerable<object> Rest()
    {
        while (rest.MoveNext())
        {
            yield return rest.Current;
        }
    }
}

/// <summary>What <c>namespace()</c> makes: the only value that a template may change.</summary>
internal sealed class PythonNamespace
{
    /// <summary>The attributes.</summary>
    public Dictionary<string, object> Attributes { get; } = new(StringComparer.Ordinal);
}

/// <summary>Something that can be called: a macro, a method, a function of the environment.</summary>
/// <param name="name">Its name.</param>
/// <param name="call">What a call gives.</param>
internal sealed class Callable(string name, Func<CallArguments, object> call)
{
    /// <summary>Its name.</summary>
    public string Name => name;

    /// <summary>Calls it.</summary>
    public object Call(CallArguments arguments) => call(arguments);
}

/// <summary>The arguments of a call, filter or test.</summary>
/// <param name="of">What is called, for messages.</param>
/// <param name="positional">Arguments by position.</param>
/// <param name="named">Arguments by name.</param>
internal sealed class CallArguments(
    string of,
    IReadOnlyList<object> positional,
    IReadOnlyDictionary<string, object> named
)
{
    private readonly HashSet<string> asked = new(StringComparer.Ordinal);
    private int most;

    /// <summary>Arguments by position.</summary>
    public IReadOnlyList<object> Positional => positional;

    /// <summary>Arguments by name.</summary>
    public IReadOnlyDictionary<string, object> Named => named;

    /// <summary>What is called.</summary>
    public string Of => of;

    /// <summary>An argument that may be left out: null then.</summary>
    public object? Find(int position, string name)
    {
        asked.Add(name);
        most = Math.Max(most, position + 1);
        return position < positional.Count ? positional[position] : named.GetValueOrDefault(name);
    }

    /// <summary>An argument that must be there.</summary>
    public object Required(int position, string name) =>
        Find(position, name) ?? throw new PythonException($"'{of}' lacks its argument '{name}'");

    /// <summary>A text argument.</summary>
    public string Text(int position, string name) =>
        Required(position, name) is string text
            ? text
            : throw new PythonException($"the argument '{name}' of '{of}' is no text");

    /// <summary>A text argument that may be left out.</summary>
    public string Text(int position, string name, string otherwise) =>
        Find(position, name) is null ? otherwise : Text(position, name);

    /// <summary>A whole number that may be left out.</summary>
    public int Whole(int position, string name, int otherwise) =>
        Find(position, name) switch
        {
            null => otherwise,
            bool flag => flag ? 1 : 0,
            long whole => (int)Math.Clamp(whole, int.MinValue, int.MaxValue),
            _ => throw new PythonException($"the argument '{name}' of '{of}' is no whole number"),
        };

    /// <summary>Whether an argument counts as true.</summary>
    public bool Flag(int position, string name, bool otherwise = false) =>
        Find(position, name) is { } value ? PythonObjects.IsTrue(value) : otherwise;

    /// <summary>Refuses arguments that were not asked for.</summary>
    public void RequireAllTaken()
    {
        if (positional.Count > most || named.Keys.FirstOrDefault(n => !asked.Contains(n)) is not null)
        {
            string extra = named.Keys.FirstOrDefault(n => !asked.Contains(n)) is { } name
                ? $"the argument '{name}'"
                : Invariant.Text($"{positional.Count} arguments");
            throw new PythonException($"'{of}' does not take {extra}");
        }
    }
}

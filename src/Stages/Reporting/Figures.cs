using System.Reflection;

namespace Pipelines.Stages.Reporting;

/// <summary>Parts of the pages that hold figures, in reading order.</summary>
internal enum Section
{
    /// <summary>How many heads it takes.</summary>
    Validation,

    /// <summary>Which heads.</summary>
    Heads,

    /// <summary>What samples have in common.</summary>
    Alike,

    /// <summary>How well the regression fits.</summary>
    Fit,

    /// <summary>Which tokens.</summary>
    Tokens,

    /// <summary>What heads say.</summary>
    Lens,

    /// <summary>Beyond the paper.</summary>
    Beyond,
}

/// <summary>
/// Puts a class's figure (<see cref="IFigure{TData}"/>) or table (<see cref="IPageTable{TData}"/>) on the pages of its
/// data: page, contents, files and data find it by this and nothing else.
/// </summary>
/// <param name="name">Name of its files in <c>figures/</c>, without extension; unique on a page.</param>
/// <param name="section">The part of the page.</param>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class FigureAttribute(string name, Section section) : Attribute
{
    /// <summary>Name of its files, without extension.</summary>
    public string Name => name;

    /// <summary>The part of the page.</summary>
    public Section Section => section;

    /// <summary>The paper's figure or table that it answers, e.g. <c>Fig. 3A</c>.</summary>
    public string Paper { get; init; } = "beyond the paper";

    /// <summary>Place within the part: those with less stand above.</summary>
    public int Order { get; init; }
}

/// <summary>A class that draws one figure.</summary>
/// <typeparam name="TData">What the page is about.</typeparam>
internal interface IFigure<TData>
{
    /// <summary>The figure; null where the data have nothing for it.</summary>
    static abstract Drawing? Of(TData data);
}

/// <summary>A class that makes one table, which stands above the figures of its part.</summary>
/// <typeparam name="TData">What the page is about.</typeparam>
internal interface IPageTable<TData>
{
    /// <summary>The table; null where the data have nothing for it.</summary>
    static abstract PageTable? Of(TData data);
}

/// <summary>A table of a page.</summary>
/// <param name="Html">As the page shows it.</param>
/// <param name="Table">The data, for its file.</param>
internal sealed record PageTable(string Html, FigureTable Table);

/// <summary>Finds the figures and tables of the assembly.</summary>
internal static class Figures
{
    /// <summary>Every figure that the data allow, in the order of the page.</summary>
    /// <param name="data">What the page is about.</param>
    /// <param name="suffix">Follows the names, where a page has several of a kind.</param>
    public static IReadOnlyList<Figure> Of<TData>(TData data, string suffix = "") =>
        [
            .. from known in Known<TData, Drawing>.All
            let drawing = known.Of(data)
            where drawing is not null
            select new Figure(known.Place.Name + suffix, known.Place, drawing),
        ];

    /// <summary>Every table that the data allow.</summary>
    public static IReadOnlyList<(FigureAttribute Place, PageTable Table)> TablesOf<TData>(TData data) =>
        [
            .. from known in Known<TData, PageTable>.All
            let table = known.Of(data)
            where table is not null
            select (known.Place, table),
        ];

    /// <summary>Where the figures of a page stand, whether or not some data allow them.</summary>
    internal static IEnumerable<FigureAttribute> PlacesOf<TData>() => Known<TData, Drawing>.All.Select(k => k.Place);

    /// <summary>Looked for once.</summary>
    private static class Known<TData, TMade>
        where TMade : class
    {
        public static readonly IReadOnlyList<(FigureAttribute Place, Func<TData, TMade?> Of)> All =
        [
            .. from type in typeof(Figures).Assembly.GetTypes()
            let place = type.GetCustomAttribute<FigureAttribute>()
            where place is not null
            let of = type.GetMethod(nameof(IFigure<>.Of), [typeof(TData)])
            where of?.ReturnType == typeof(TMade)
            orderby place.Section, place.Order
            select (place, of.CreateDelegate<Func<TData, TMade?>>()),
        ];
    }
}

using System.Globalization;

namespace Pipelines.Fuzz.Targets;

/// <summary>Made-up rows of a table: every property by its type; of one sample, as part files have them.</summary>
internal static class SampleRows
{
    /// <summary>Heads of the model that masks and gradients are of.</summary>
    public const int Heads = 16;

    /// <summary>Some rows; every third value of a column that may lack values is missing.</summary>
    /// <typeparam name="TRow">A record.</typeparam>
    /// <param name="count">How many.</param>
    public static IReadOnlyList<TRow> Of<TRow>(int count)
    {
        var constructor = typeof(TRow).GetConstructors().OrderByDescending(c => c.GetParameters().Length).First();
        return
        [
            .. Enumerable
                .Range(0, count)
                .Select(row =>
                    (TRow)
                        constructor.Invoke([
                            .. constructor.GetParameters().Select(p => Value(p.Name!, p.ParameterType, row)),
                        ])
                ),
        ];
    }

    private static object? Value(string name, Type type, int row)
    {
        if (name == nameof(Stages.Storage.GradientRow.SampleId))
        {
            return "sample";
        }

        if (name == nameof(Stages.Storage.GradientRow.Gradient))
        {
            return new byte[Heads * sizeof(float)];
        }

        if (Nullable.GetUnderlyingType(type) is { } inner)
        {
            return row % 3 == 0 ? null : Value(name, inner, row);
        }

        if (type == typeof(string))
        {
            return string.Create(CultureInfo.InvariantCulture, $"text {row / 4}");
        }

        if (type == typeof(byte[]))
        {
            return new byte[] { (byte)row, 0x55 };
        }

        if (type == typeof(bool))
        {
            return row % 2 == 0;
        }

        return Convert.ChangeType(row, type, CultureInfo.InvariantCulture);
    }
}

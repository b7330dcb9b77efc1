namespace Pipelines.Stages.Storage;

/// <summary>Numbers that may be undefined are NaN in arithmetic and null in tables.</summary>
internal static class Undefined
{
    /// <summary>The number, or null where it is none.</summary>
    public static double? ToNull(double value) => double.IsFinite(value) ? value : null;

    /// <summary>The number, or NaN where there is none.</summary>
    public static double ToNaN(double? value) => value ?? double.NaN;
}

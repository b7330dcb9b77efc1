namespace Pipelines.Stages.Units;

/// <summary>
/// A unit that was taken for stored is gone or damaged, as is seen when its files are read. It counts as missing from
/// here on: what was planned or computed with it is begun again, and then computes it.
/// </summary>
public sealed class LostUnitException : Exception
{
    /// <summary>A unit was lost.</summary>
    public LostUnitException(Unit unit)
        : base($"{unit} was stored, and is gone or damaged.") { }

    /// <summary>A unit was lost under a run.</summary>
    /// <param name="folder">Where it was stored.</param>
    /// <param name="failure">What found it missing.</param>
    public LostUnitException(string folder, Exception failure)
        : base($"{folder} was stored, and is gone.", failure) { }

    /// <summary>Whether an exception was caused by a lost unit, or by several, on several threads even.</summary>
    public static bool IsCauseOf(Exception? e) =>
        e switch
        {
            null => false,
            LostUnitException => true,
            AggregateException several => several.InnerExceptions.Any(IsCauseOf),
            _ => IsCauseOf(e.InnerException),
        };
}

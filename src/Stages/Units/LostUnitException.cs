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

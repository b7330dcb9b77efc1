using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// Whether a stage's fits met their stopping rule. One that did not gives a beta that is not the minimum of what was
/// to be minimised: a person must be told.
/// </summary>
/// <param name="Stage">Name of the stage.</param>
/// <param name="Fits">Fits.</param>
/// <param name="Unfinished">Those that did not converge.</param>
/// <param name="Sweeps">Sweeps that the longest of these was allowed.</param>
public sealed record Convergence(string Stage, int Fits, int Unfinished, int Sweeps)
{
    /// <summary>Tells it of a stage's fits.</summary>
    /// <param name="stage">Name of the stage.</param>
    /// <param name="fits">Sweeps done, and whether the stopping rule was met.</param>
    public static Convergence Of(string stage, IEnumerable<(int Iterations, bool Converged)> fits)
    {
        var all = fits.ToList();
        var unfinished = all.FindAll(f => !f.Converged);
        return new Convergence(
            stage,
            all.Count,
            unfinished.Count,
            unfinished.Select(f => f.Iterations).DefaultIfEmpty(0).Max()
        );
    }

    /// <summary>Words for a line at the end of a run; null where all converged.</summary>
    public string? Words => Unfinished == 0 ? null : $"{Counted}: {Remedy}";

    /// <summary>A sentence for the page; empty where all converged.</summary>
    public string Sentence =>
        Unfinished == 0 ? "" : $"{Stage}: {Counted}. {char.ToUpperInvariant(Remedy[0])}{Remedy[1..]}.";

    private string Counted =>
        $"{Count(Unfinished)} of {Many(Fits, "fit")} did not converge within {Many(Sweeps, "sweep")}";

    private static string Remedy =>
        "their β is not the solution of the regression; raise max_iterations, alpha or tolerance";
}

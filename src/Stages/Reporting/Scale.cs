namespace Pipelines.Stages.Reporting;

/// <summary>Maps values to coordinates, linearly or by logarithm.</summary>
/// <param name="Least">Value at <paramref name="Start"/>.</param>
/// <param name="Most">Value at <paramref name="End"/>.</param>
/// <param name="Start">Coordinate of the least value.</param>
/// <param name="End">Coordinate of the greatest value.</param>
/// <param name="Logarithmic">True: equal factors are equal lengths; values are positive.</param>
internal readonly record struct Scale(double Least, double Most, double Start, double End, bool Logarithmic = false)
{
    /// <summary>The coordinate of a value.</summary>
    public double this[double value] => Start + (Share(value) * (End - Start));

    /// <summary>The coordinate of a value, held inside the panel.</summary>
    public double Clamped(double value) => Start + (Math.Clamp(Share(value), 0, 1) * (End - Start));

    /// <summary>
    /// Round values (1, 2, 5 times a power of ten) inside the scale, at most about <paramref name="count"/>.
    /// </summary>
    public IReadOnlyList<double> Ticks(int count)
    {
        double range = Most - Least;
        if (!(range > 0) || !double.IsFinite(range))
        {
            return [Least];
        }

        double unit = Math.Pow(10, Math.Floor(Math.Log10(range / count)));
        double step = unit * new[] { 1, 2, 5, 10 }.First(m => range / (unit * m) <= count || m == 10);
        double least = Least,
            most = Most;
        return
        [
            .. Enumerable
                .Range(0, (int)Math.Round(range / step) + 2)
                .Select(i => (Math.Ceiling((least / step) - 1e-9) + i) * step)
                .Where(v => v <= most + (1e-9 * step)),
        ];
    }

    /// <summary>1, 2, 4 … up to the greatest value, thinned to at most <paramref name="count"/>.</summary>
    public IReadOnlyList<double> Doublings(int count)
    {
        double most = Most;
        double[] all = [.. Enumerable.Range(0, 31).Select(i => Math.Pow(2, i)).TakeWhile(v => v <= most * (1 + 1e-9))];
        int every = Math.Max(1, (int)Math.Ceiling((double)all.Length / count));
        return [.. all.Where((_, i) => i % every == 0)];
    }

    private double Share(double value) =>
        Most == Least ? 0.5
        : Logarithmic ? Math.Log(value / Least) / Math.Log(Most / Least)
        : (value - Least) / (Most - Least);
}

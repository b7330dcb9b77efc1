using Pipelines.Stages.Analysis;

namespace Pipelines.Stages.Reporting;

/// <summary>One number of every sample as dots along an axis, with their mean and its interval.</summary>
/// <param name="Name">Heading.</param>
/// <param name="XName">Name and unit across.</param>
/// <param name="X">Least and greatest value across.</param>
/// <param name="Samples">Numbers and tips, in ascending order, so that neighbours stand apart.</param>
/// <param name="Mean">Over samples.</param>
/// <param name="MeanTip">Text of the mean's tip.</param>
internal sealed record SampleStrip(
    string Name,
    string XName,
    (double Least, double Most) X,
    IReadOnlyList<(double Value, string Tip)> Samples,
    Estimate Mean,
    string MeanTip
)
{
    private const double Head = 34,
        Inside = 80,
        Lane = 6;
    private const int Lanes = 5;

    /// <summary>Height with heading and axis.</summary>
    public const double Height = Head + Inside + RowAxis.Height;

    /// <summary>Draws it.</summary>
    public void Draw(Svg svg, Panel panel)
    {
        Scale x = panel.Across(X.Least, X.Most);
        double top = panel.Top + Head,
            middle = top + (Inside / 2);
        svg.Text(x.Start, top - 12, Name, ink: Palette.Ink, bold: true);
        RowAxis.Draw(svg, x, top, top + Inside, XName, ticks: 5);
        for (int i = 0; i < Samples.Count; i++)
        {
            var (value, tip) = Samples[i];
            double lane = ((i % Lanes) - (Lanes / 2)) * Lane;
            svg.Dot(x.Clamped(value), middle + lane, 3, Palette.Series[0], tip, 0.55);
        }

        if (Mean.HasInterval)
        {
            svg.Line(x.Clamped(Mean.Low), middle, x.Clamped(Mean.High), middle, Palette.Ink, 2.4);
        }

        if (Mean.Count > 0)
        {
            svg.Dot(x.Clamped(Mean.Mean), middle, 5, Palette.Ink, MeanTip);
        }
    }
}

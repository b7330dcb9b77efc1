using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using FluentAssertions;
using Pipelines.Stages.Reporting;
using Xunit;

namespace Pipelines.Stages.Tests.Reporting;

/// <summary>Figures as a paper takes them.</summary>
public sealed partial class FigureFilesTests
{
    private const double LeastPoints = 7;

    private static readonly Lazy<IReadOnlyList<Figure>> Whole = new(() => Figures.Of(Findings.Of(MadeUpWhole.Of())));

    public static TheoryData<string> Names => [.. Whole.Value.Select(f => f.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Text_in_a_column_is_seven_points_at_least(string name)
    {
        XElement column = XElement.Parse(File(name, ".column.svg"));

        column.Attribute("width")!.Value.Should().Be("85mm");
        foreach (XElement text in Texts(column))
        {
            (Size(text) * FigureFiles.ColumnPointsPerPixel).Should().BeGreaterThanOrEqualTo(LeastPoints, text.Value);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_text_lies_inside_its_drawing_as_measured(string name)
    {
        foreach (double width in new[] { Drawing.Wide, Drawing.Narrow, FigureFiles.Column })
        {
            XElement drawing = XElement.Parse(Whole.Value.Single(f => f.Name == name).Drawing.Draw(width, "x"));
            foreach (XElement text in Texts(drawing).Where(t => t.Attribute("transform") is null))
            {
                double length = FigureFont.Width(text.Value, Size(text), text.Attribute("font-weight") is not null),
                    left = Number(text, "x") - (length * Before(text.Attribute("text-anchor")?.Value));
                left.Should().BeGreaterThan(-1, "{0} at {1}: {2}", name, width, text.Value);
                (left + length).Should().BeLessThan(width + 1, "{0} at {1}: {2}", name, width, text.Value);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_file_needs_no_other_and_has_its_font_and_colours_in_it(string name)
    {
        foreach (string ending in new[] { ".svg", ".column.svg" })
        {
            string svg = File(name, ending);
            XElement drawing = XElement.Parse(svg);

            svg.Should().Contain("@font-face").And.Contain($"font-family=\"'{FigureFont.Family}'");
            Addresses().Matches(svg).Should().OnlyContain(m => Inside().IsMatch(m.Value));
            drawing
                .Descendants()
                .Where(e => e.Name.LocalName is "text" or "circle")
                .Should()
                .OnlyContain(e => e.Attribute("fill") != null && e.Attribute("fill")!.Value.StartsWith('#'));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_PDF_has_text_in_embedded_TrueType_fonts_and_depends_on_the_drawing_alone(string name)
    {
        byte[] wide = Bytes(name, ".pdf"),
            column = Bytes(name, ".column.pdf");

        wide.Should().Equal(Bytes(name, ".pdf"));
        foreach (byte[] pdf in new[] { wide, column })
        {
            string text = Encoding.Latin1.GetString(pdf);
            text.Should().Contain("/FontFile2").And.Contain("/ToUnicode").And.NotContain("/Type3");
            text.Should().NotContain("/CreationDate").And.NotContain("/ID [");
            pdf.Length.Should().BeLessThan(400_000);
        }

        string box = MediaBox().Match(Encoding.Latin1.GetString(column)).Groups[1].Value;
        double.Parse(box, CultureInfo.InvariantCulture).Should().BeApproximately(85 * 72 / 25.4, 0.1);
    }

    /// <summary>Where poppler is installed: what another program sees.</summary>
    [PopplerFact]
    public void Another_program_finds_the_fonts_embedded_and_every_label_whole()
    {
        string folder = Directory.CreateTempSubdirectory("figures").FullName;
        try
        {
            foreach (string name in Whole.Value.Select(f => f.Name))
            {
                foreach (string ending in new[] { ".pdf", ".column.pdf" })
                {
                    string path = Path.Combine(folder, name + ending);
                    System.IO.File.WriteAllBytes(path, Bytes(name, ending));
                    string[] fonts =
                    [
                        .. Run("pdffonts", path).Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(2),
                    ];
                    fonts.Should().NotBeEmpty(name).And.OnlyContain(f => IsEmbeddedTrueType().IsMatch(f));
                    string copied = Bare(Run("pdftotext", "-raw", path, "-"));
                    double width = ending == ".pdf" ? Drawing.Wide : FigureFiles.Column;
                    XElement drawing = XElement.Parse(Whole.Value.Single(f => f.Name == name).Drawing.Draw(width, "x"));
                    string[] labels =
                    [
                        .. Texts(drawing)
                            .Where(t => t.Attribute("transform") is null && t.Value.Length > 0 && IsWhole(t.Value))
                            .Select(t => Bare(t.Value)),
                    ];
                    labels.Should().NotBeEmpty().And.OnlyContain(l => copied.Contains(l), "{0}{1}", name, ending);
                }
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void The_caption_says_what_is_shown_what_it_shows_and_how_to_read_it()
    {
        Figure figure = Whole.Value[0];

        FigureFiles
            .Caption(figure)
            .Should()
            .StartWith(figure.Title)
            .And.Contain(figure.Place.Paper)
            .And.Contain(figure.Drawing.Shows)
            .And.Contain(figure.Drawing.Readings.OnPaper)
            .And.EndWith("\n");
    }

    [Fact]
    public void A_caption_on_paper_does_not_ask_for_a_click()
    {
        Whole.Value.Should().Contain(f => f.Drawing.Readings.ForPage.Length > 0);
        foreach (Figure figure in Whole.Value)
        {
            FigureFiles.Caption(figure).Should().NotContainEquivalentOf("click", figure.Name);
            figure.Drawing.Readings.ForPage.Count(c => c == '.').Should().BeLessThan(2, figure.Name);
        }
    }

    [Fact]
    public void An_element_that_the_PDF_does_not_know_is_refused()
    {
        Action made = () => SvgPdf.Of("<svg viewBox=\"0 0 9 9\"><ellipse/></svg>", 1);

        made.Should().Throw<NotSupportedException>().WithMessage("*ellipse*");
    }

    private static byte[] Bytes(string name, string ending) =>
        FigureFiles.Of(Whole.Value.Single(f => f.Name == name)).Single(f => f.Name == $"figures/{name}{ending}").Bytes;

    private static string File(string name, string ending) => Encoding.UTF8.GetString(Bytes(name, ending));

    private static IEnumerable<XElement> Texts(XElement drawing) =>
        drawing.Descendants().Where(e => e.Name.LocalName == "text");

    private static double Size(XElement text) => text.Attribute("font-size") is null ? 12 : Number(text, "font-size");

    private static double Number(XElement element, string name) =>
        double.Parse(element.Attribute(name)!.Value, CultureInfo.InvariantCulture);

    private static double Before(string? anchor) =>
        anchor switch
        {
            "middle" => 0.5,
            "end" => 1,
            _ => 0,
        };

    /// <summary>Without blanks: a program that copies guesses those from the distances.</summary>
    private static string Bare(string text) => Blanks().Replace(text, "");

    /// <summary>The font has all of it.</summary>
    private static bool IsWhole(string text) => text.EnumerateRunes().All(r => FigureFont.Bold.Has(r.Value));

    private static string Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            StandardOutputEncoding = Encoding.UTF8,
        };

        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return output;
    }

    [GeneratedRegex(@"url\([^)]{0,9}|href=""[^""]{0,9}")]
    private static partial Regex Addresses();

    [GeneratedRegex(@"^(url\(data:|href=""data:|href=""#)")]
    private static partial Regex Inside();

    [GeneratedRegex(@"/MediaBox \[0 0 ([0-9.]+)")]
    private static partial Regex MediaBox();

    [GeneratedRegex(@"CID TrueType +Identity-H +yes yes yes")]
    private static partial Regex IsEmbeddedTrueType();

    [GeneratedRegex(@"\s")]
    private static partial Regex Blanks();
}

/// <summary>A test that needs poppler's programs; where they are missing it is skipped, and says so.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PopplerFactAttribute : FactAttribute
{
    public PopplerFactAttribute()
    {
        bool isThere = (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Any(folder => File.Exists(Path.Combine(folder, "pdffonts")));
        Skip = isThere ? null : "no pdffonts in PATH (package poppler-utils)";
    }
}

using FluentAssertions;
using Pipelines.Stages.Reporting;
using SkiaSharp;
using Xunit;

namespace Pipelines.Stages.Tests.Reporting;

public sealed class FigureFontTests
{
    private const string Sample = "office flow, ρ = −0.05 ± 0.02, R² × 10 ≥ φ(x*) · Ünïcödé Привет ▁⏎ …";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_measured_width_is_the_one_that_is_drawn(bool isBold)
    {
        FontFace face = isBold ? FigureFont.Bold : FigureFont.Regular;
        using SKTypeface whole = SKTypeface.FromData(SKData.CreateCopy(face.File)),
            cut = SKTypeface.FromData(SKData.CreateCopy(FontSubset.Of(face, FigureFont.Characters([Sample]))));

        foreach (SKTypeface typeface in new[] { whole, cut })
        {
            using var font = new SKFont(typeface, 12)
            {
                Hinting = SKFontHinting.None,
                Subpixel = true,
                LinearMetrics = true,
            };
            font.ContainsGlyphs(Sample).Should().BeTrue();
            ((double)font.MeasureText(Sample)).Should().BeApproximately(FigureFont.Width(Sample, 12, isBold), 0.01);
        }
    }

    [Fact]
    public void A_cut_font_has_its_characters_alone_and_is_small()
    {
        byte[] file = FontSubset.Of(FigureFont.Regular, FigureFont.Characters(["Äφ"]));
        var cut = new FontFace(file);

        cut.Has('Ä').Should().BeTrue();
        cut.Has('φ').Should().BeTrue();
        cut.Has('A').Should().BeFalse("it is drawn as a part alone");
        cut.Count.Should().Be(5, "the empty box, two letters, and the two parts of one");
        file.Length.Should().BeLessThan(2500);
        FontSubset.Of(FigureFont.Regular, FigureFont.Characters(["φÄ"])).Should().Equal(file);
    }

    [Theory]
    [InlineData("heads needed", 500)]
    [InlineData("heads needed", 40)]
    [InlineData("heads needed", 3)]
    [InlineData("e\u0301e\u0301e\u0301e\u0301", 20)]
    [InlineData("漢字漢字漢字", 30)]
    public void A_text_fits_its_room_or_is_one_letter_with_an_ellipsis(string text, double room)
    {
        string shown = FigureFont.Fit(text, room);

        (FigureFont.Width(shown) <= room || shown.Length == 2).Should().BeTrue(shown);
        (shown == text || shown.EndsWith('…')).Should().BeTrue(shown);
        char.IsHighSurrogate(shown[^1]).Should().BeFalse();
    }

    [Fact]
    public void A_character_that_the_font_lacks_counts_as_an_em() => FigureFont.Width("漢", 12).Should().Be(12);

    [Fact]
    public void A_file_that_is_no_font_is_refused()
    {
        Action read = () => _ = new FontFace(new byte[64]);

        read.Should().Throw<InvalidDataException>();
    }
}

using System.IO.Compression;
using System.Text;
using System.Text.Json;
using FluentAssertions;
using Pipelines.Domain.Errors;
using Pipelines.Models.Vision;
using Pipelines.Stages.Tests.Text;
using Xunit;
using Xunit.Abstractions;

namespace Pipelines.Stages.Tests.Vision;

/// <summary>
/// WebP, GIF and BMP, and the orientation wherever it stands, against Pillow (tests/Golden/pictures, made by its
/// make.py), and what a small file may cost.
/// </summary>
public sealed class PictureFormatTests(ITestOutputHelper output)
{
    private const long Allowance = 64 << 20;

    private static readonly string Folder = Path.Combine(Golden.RepositoryRoot(), "tests", "Golden", "pictures");

    public static TheoryData<string> Files() => [.. Expected().Select(r => r.File)];

    [Theory]
    [MemberData(nameof(Files))]
    public void A_file_decodes_to_Pillows_bytes(string file)
    {
        ExpectedPicture expected = Expected().Single(r => r.File == file);

        Picture picture = PictureDecoder.Decode(Path.Combine(Folder, file));

        (picture.Width, picture.Height).Should().Be((expected.Width, expected.Height));
        int[] differences = [.. picture.Rgb.Zip(expected.Rgb, (ours, theirs) => Math.Abs(ours - theirs))];
        output.WriteLine(
            $"{file} ({expected.Mode}): {differences.Count(d => d > 0)} of {differences.Length} bytes differ, by "
                + $"{differences.Max()} at most"
        );
        differences.Max().Should().Be(0);
        PictureDecoder.ReadSize(Path.Combine(Folder, file)).Should().Be((expected.Width, expected.Height));
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Only_pictures_that_were_not_turned_before_have_another_key(string file)
    {
        string[] alike = ["turned_xmp9.png", "turned_exif3_before_profile6.png"];
        string[] types = ["turned_exif_long8", "turned_exif_signed5", "turned_exif_rational6", "turned_exif_double3"];
        bool anew =
            !alike.Contains(file)
            && types
                .Append("turned_profile")
                .Append("turned_xmp")
                .Any(t => file.StartsWith(t, StringComparison.Ordinal));

        (PictureDecoder.TurnedByOtherMeans(Path.Combine(Folder, file)) is not null).Should().Be(anew);
    }

    [Theory]
    [InlineData("zz")]
    [InlineData("4d4d00")]
    [InlineData("")]
    public void A_damaged_profile_turns_nothing(string hexadecimal)
    {
        byte[] one = PngWriter.Encode(Pictures.Random(new Random(1), 4, 2));
        byte[] text = [.. "Raw profile type exif\0\nexif\n  8\n"u8, .. Encoding.ASCII.GetBytes(hexadecimal)];

        Picture picture = PictureDecoder.Decode([.. one[..33], .. Chunk("tEXt", text), .. one[33..]], "profile.png");

        (picture.Width, picture.Height).Should().Be((4, 2));
    }

    [Fact]
    public void A_text_that_expands_beyond_all_measure_turns_nothing_and_takes_little_memory()
    {
        byte[] one = PngWriter.Encode(Pictures.Random(new Random(1), 4, 2));
        byte[] text = [.. "Raw profile type exif\0\0"u8, .. Deflated(new byte[60_000_000])];
        byte[] png = [.. one[..33], .. Chunk("zTXt", text), .. one[33..]];
        long before = GC.GetAllocatedBytesForCurrentThread();

        PictureDecoder.Decode(png, "bomb.png").Width.Should().Be(4);

        (GC.GetAllocatedBytesForCurrentThread() - before).Should().BeLessThan(4 << 20);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void A_cut_file_is_refused_in_a_sentence(string file)
    {
        byte[] whole = File.ReadAllBytes(Path.Combine(Folder, file));
        foreach (int length in (int[])[1, 10, 17, 30, 60, whole.Length / 2])
        {
            Action decode = () => PictureDecoder.Decode(whole[..Math.Min(length, whole.Length / 2)], "cut");
            decode
                .Should()
                .Throw<InputException>()
                .WithMessage("cut: *")
                .Which.Message.Should()
                .NotContain("Exception");
        }
    }

    [Fact]
    public void Mutated_files_of_every_format_are_read_or_refused_within_memory()
    {
        int read = 0,
            refused = 0;
        foreach (string file in Expected().Select(r => r.File))
        {
            byte[] whole = File.ReadAllBytes(Path.Combine(Folder, file));
            for (int seed = 0; seed < 60; seed++)
            {
                byte[] mutated = Mutation.Of(whole, new Random(seed));
                long before = GC.GetAllocatedBytesForCurrentThread();
                try
                {
                    Picture picture = PictureDecoder.Decode(mutated, "test picture");
                    picture.Rgb.Should().HaveCount(3 * picture.Width * picture.Height);
                    read++;
                }
                catch (InputException e)
                {
                    e.Message.Should().StartWith("test picture: ");
                    refused++;
                }

                (GC.GetAllocatedBytesForCurrentThread() - before).Should().BeLessThan(Allowance, file);
            }
        }

        output.WriteLine($"{read} read, {refused} refused");
        refused.Should().BePositive();
    }

    [Fact]
    public void A_png_that_promises_more_than_its_data_hold_takes_no_memory()
    {
        // 6000 x 6000 in 14 KB is what deflate could hold; these data hold 4 rows.
        byte[] png = Png(6000, 6000, [.. Enumerable.Repeat<byte>(0, 4 * 18001)], filler: 14_000);
        RefusedCheaply(png, "*end too early*");
    }

    [Fact]
    public void A_png_of_one_colour_is_read_however_small_its_file()
    {
        byte[] png = Png(3000, 2000, new byte[2000 * 9001], filler: 0);
        png.Length.Should().BeLessThan(30_000);

        PictureDecoder.Decode(png, "blank.png").Rgb.Should().HaveCount(18_000_000).And.OnlyContain(b => b == 0);
    }

    [Fact]
    public void Text_and_profiles_that_expand_a_thousandfold_are_not_looked_at()
    {
        byte[] bomb = Deflated(new byte[7_900_000]);
        byte[] one = PngWriter.Encode(Pictures.Random(new Random(1), 20, 10));
        byte[] text = [.. "comment\0\0"u8, .. bomb];
        byte[] png =
        [
            .. one[..33],
            .. Enumerable.Range(0, 60).SelectMany(_ => Chunk("zTXt", text)),
            .. Chunk("iCCP", text),
            .. one[33..],
        ];

        PngFile.Essential(png).Should().Equal(one);
        PictureDecoder.Decode(png, "text.png").Rgb.Should().Equal(PictureDecoder.Decode(one, "one.png").Rgb);
    }

    [Theory]
    [InlineData("lossless.webp", 21)]
    [InlineData("palette.gif", 6)]
    [InlineData("rle8.bmp", 18)]
    public void A_small_file_that_promises_a_large_picture_is_refused_before_memory_is_taken(string file, int at)
    {
        byte[] bytes = File.ReadAllBytes(Path.Combine(Folder, file));
        byte[] large =
            file.EndsWith(".webp", StringComparison.Ordinal) ? [0xFF, 0xEF, 0xFF, 0x0B]
            : file.EndsWith(".gif", StringComparison.Ordinal) ? [0, 0x30, 0, 0x30]
            : [0, 0x30, 0, 0, 0, 0x30, 0, 0];
        large.CopyTo(bytes, at);

        RefusedCheaply(bytes, "*pixels in * bytes, more than 1024 pixels a byte*");
    }

    [Fact]
    public void A_jpeg_that_promises_more_than_two_bits_a_block_is_refused_before_memory_is_taken()
    {
        byte[] jpeg = [.. Pictures.Jpeg, .. new byte[14_000]];
        int frame = jpeg.AsSpan().IndexOf<byte>([0xFF, 0xC0]);
        (jpeg[frame + 5], jpeg[frame + 6], jpeg[frame + 7], jpeg[frame + 8]) = (0x0F, 0, 0x0F, 0);

        RefusedCheaply(jpeg, "says it has 3840 x 3840 pixels, more than a file of * bytes can hold.*");
    }

    [Theory]
    [InlineData("II*\0........", "a TIFF")]
    [InlineData("....ftypavif....", "an AVIF")]
    [InlineData("....ftypheic....", "a HEIC")]
    [InlineData("8BPS............", "a Photoshop file")]
    [InlineData("BM is how this text begins", "no picture that is read (PNG, JPEG, WebP, GIF and BMP)")]
    [InlineData("GIF87b", "no picture")]
    public void What_is_not_read_is_called_what_it_is(string start, string name)
    {
        Action decode = () => PictureDecoder.Decode(System.Text.Encoding.Latin1.GetBytes(start), "file.jpg");
        decode.Should().Throw<InputException>().WithMessage($"file.jpg: is {name}*");
    }

    private static void RefusedCheaply(byte[] file, string message)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        Action decode = () => PictureDecoder.Decode(file, "bomb");
        decode.Should().Throw<InputException>().WithMessage("bomb: " + message);
        (GC.GetAllocatedBytesForCurrentThread() - before).Should().BeLessThan(1_000_000);
    }

    /// <summary>An RGB PNG around raw rows, with random bytes in a chunk of no meaning.</summary>
    private static byte[] Png(int width, int height, byte[] raw, int filler)
    {
        byte[] noise = new byte[filler];
        new Random(1).NextBytes(noise);
        byte[] header = [.. Big(width), .. Big(height), 8, 2, 0, 0, 0];
        return
        [
            0x89,
            .. "PNG\r\n"u8,
            0x1A,
            0x0A,
            .. Chunk("IHDR", header),
            .. Chunk("IDAT", [.. Deflated(raw)]),
            .. filler > 0 ? Chunk("IDAT", noise) : [],
            .. Chunk("IEND", []),
        ];
    }

    private static byte[] Deflated(byte[] raw)
    {
        using var target = new MemoryStream();
        using (var zlib = new ZLibStream(target, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            zlib.Write(raw);
        }

        return target.ToArray();
    }

    private static byte[] Chunk(string name, byte[] content)
    {
        byte[] body = [.. System.Text.Encoding.ASCII.GetBytes(name), .. content];
        return [.. Big(content.Length), .. body, .. Big((int)Crc(body))];
    }

    private static byte[] Big(int value) => [(byte)(value >> 24), (byte)(value >> 16), (byte)(value >> 8), (byte)value];

    private static uint Crc(byte[] bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in bytes)
        {
            crc ^= b;
            for (int k = 0; k < 8; k++)
            {
                crc = (crc & 1) != 0 ? 0xEDB88320 ^ (crc >> 1) : crc >> 1;
            }
        }

        return ~crc;
    }

    private static IReadOnlyList<ExpectedPicture> Expected()
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, "expected.json")));
        return
        [
            .. json
                .RootElement.EnumerateArray()
                .Select(r => new ExpectedPicture(
                    r.GetProperty("file").GetString()!,
                    r.GetProperty("mode").GetString()!,
                    r.GetProperty("width").GetInt32(),
                    r.GetProperty("height").GetInt32(),
                    r.GetProperty("rgb").GetBytesFromBase64()
                )),
        ];
    }

    private sealed record ExpectedPicture(string File, string Mode, int Width, int Height, byte[] Rgb);
}

using System.Text;
using DuckDB.NET.Data;
using FluentAssertions;
using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Pipelines.Stages.Data.Questions;
using Xunit;

namespace Pipelines.Stages.Tests.Data.Questions;

/// <summary>Damaged files give rows or an error in words, whatever the damage.</summary>
public sealed class DamagedFileTests : IDisposable
{
    private const int Seeds = 60;

    private static readonly string Picture = QuestionFolder.Base64("a picture ", 500);

    private readonly QuestionFolder folder = new("a.jpg", "1.jpg", "COCO_val2014_000000000001.jpg");

    private static readonly (string Name, string Text)[] Texts =
    [
        (
            "pope.json",
            """
            {"question_id": 0, "image": "a.jpg", "text": "Is \u00e9\n there?", "label": "yes"}

            {"question_id": 1, "image": "a.jpg", "text": "Is it?", "label": NaN}
            """
        ),
        (
            "v2_questions.json",
            """
            {"data_subtype": "val2014", "questions": [{"image_id": 1, "question": "Q?", "question_id": 10},
             {"image_id": 1, "question": "R?", "question_id": 11}], "x": [1, {"y": null}]}
            """
        ),
        ("gqa.json", """{"7": {"imageId": "1", "question": "Q?", "answer": "x", "types": {"semantic": "s"}}}"""),
        ("vg.json", """[[1, "right", "wrong"], [1, "left", "wrong"]]"""),
        (
            "text.json",
            """{"data": [{"image_id": "1", "question": "Q?", "flickr_original_url": "", "answers": ["a", "b"]}]}"""
        ),
        (
            "kit.tsv",
            $"index\timage\tquestion\tA\tB\tanswer\n0\t{Picture}\tQ?\tx\ty\tB\n"
                + $"1\t0\t\"Q\n\"\"?\"\tx\ty\tA\n2\t['{Picture}']\tQ?\tx\t\t1\n"
        ),
        ("own.csv", "id,question,image,answer\n1,Q?,a.jpg,x\n2,\"Q\r\n,?\",\"['a.jpg']\",y\n"),
        ("own.jsonl", $$"""{"question": "Q?", "image": "{{Picture}}", "answers": ["a"], "category": "x,y"}"""),
    ];

    private static (string Name, byte[] Bytes)[] Sound =>
        [.. Texts.Select(f => (f.Name, Encoding.UTF8.GetBytes(f.Text))), ("color.parquet", Parquet())];

    /// <summary>Some bytes are changed, cut, doubled or put in; the rows and their pictures are read.</summary>
    [Fact]
    public void A_damaged_file_is_read_or_refused_in_words()
    {
        for (int seed = 0; seed < Seeds; seed++)
        {
            ReadDamaged(seed);
        }
    }

    private void ReadDamaged(int seed)
    {
        var random = new SplitMix64(seed, purpose: 0x7175657374696f6e);
        foreach (var (name, sound) in Sound)
        {
            byte[] bytes = Damaged(sound, ref random);
            string file = folder.Write(name, bytes);
            try
            {
                var set = QuestionReader.Read(new QuestionSource { Files = [file], Letters = LetterBase.From0 });
                set.Rows.Should().OnlyContain(r => r.LeftOut == null && r.Question!.Text.Trim().Length > 0);
                set.LeftOut.Should().NotContain(r => r.LeftOut == null);
                set.Files[0].Rows.Should().Be(set.Rows.Count + set.LeftOut.Count, "no row is lost in silence");
                foreach (var row in set.Rows.Where(r => r.Location is EmbeddedPicture))
                {
                    row.Location.Read();
                }
            }
            catch (InputException e)
            {
                e.Message.Should().Contain(System.IO.Path.GetFileNameWithoutExtension(name).Split('_')[0]);
            }
        }
    }

    public void Dispose() => folder.Dispose();

    private const string Signs = "{}[]\",:\n\t\r\\0-eN";

    private static byte[] Damaged(byte[] sound, ref SplitMix64 random)
    {
        List<byte> bytes = [.. sound];
        int times = 1 + random.Below(3);
        for (int i = 0; i < times && bytes.Count > 0; i++)
        {
            int at = random.Below(bytes.Count),
                length = Math.Min(1 + random.Below(8), bytes.Count - at);
            switch (random.Below(5))
            {
                case 0:
                    bytes[at] = (byte)random.Below(256);
                    break;
                case 1:
                    bytes[at] = (byte)Signs[random.Below(Signs.Length)];
                    break;
                case 2:
                    bytes.RemoveRange(at, length);
                    break;
                case 3:
                    bytes.InsertRange(at, bytes.GetRange(at, length));
                    break;
                default:
                    bytes.RemoveRange(at, random.Below(4) == 0 ? bytes.Count - at : length);
                    break;
            }
        }

        return [.. bytes];
    }

    private static byte[]? parquet;

    private static byte[] Parquet()
    {
        if (parquet is not null)
        {
            return parquet;
        }

        using var folder = new QuestionFolder();
        using var database = new DuckDBConnection("DataSource=:memory:");
        database.Open();
        using var command = database.CreateCommand();
        command.CommandText = $$"""
            copy (select 'thing' || i as object, {'bytes': ('o' || i)::blob, 'path': null} as original_image,
                {'bytes': null, 'path': 'a.jpg'} as counterfact_image, ['red', 'x' || i] as correct_answer,
                'blue' as incorrect_answer from range(9) r(i))
            to '{{folder.Path("color.parquet")}}' (format parquet)
            """;
        command.ExecuteNonQuery();
        return parquet = File.ReadAllBytes(folder.Path("color.parquet"));
    }
}

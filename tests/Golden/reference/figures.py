"""All figures of a case: what is measured, given a model, its pictures, a prompt, masks and targets."""

import torch

from .decoder import Ablation, Baseline


def adjusted(logits, target):
    """The target's logit less the mean over all rows."""
    return logits[target] - logits.mean()


def log_prob(logits, target):
    return logits[target] - torch.logsumexp(logits, -1)


class Figures:
    """The passes of one case, in double precision."""

    def __init__(self, model, paths, prompt):
        self.model = model
        self.seen = [model.see(path) for path in paths]
        self.count = self.seen[0].tokens.shape[0]
        self.ids = model.ids_of(prompt, self.seen[0])
        self.places = torch.tensor([i for i, token in enumerate(self.ids) if token == model.image_token])
        with torch.no_grad():
            self.intact = model.run(self.ids, self.places, self.seen[0])
            others = [model.run(self.ids, self.places, seen) for seen in self.seen[1:]]
        self.mean = Baseline(
            torch.stack([o.keys for o in others]).mean(0), torch.stack([o.values for o in others]).mean(0)
        )
        self.zero = Baseline(torch.zeros_like(self.mean.keys), torch.zeros_like(self.mean.values))
        self.knockout = Baseline()
        self.counterfactual = Baseline(others[0].keys, others[0].values)
        self.last = self.intact.logits[-1]
        self.target = int(self.last.argmax())

    @property
    def start(self):
        return int(self.places[0])

    @property
    def suffix(self):
        return len(self.ids) - int(self.places[-1]) - 1

    @property
    def runs(self):
        """[start, length] of each stretch of image tokens."""
        runs = []
        for place in self.places.tolist():
            if runs and place == sum(runs[-1]):
                runs[-1][1] += 1
            else:
                runs.append([place, 1])
        return runs

    def heads(self, flat):
        return flat.reshape(self.model.shape.layers, self.model.shape.heads).double()

    def logits(self, mask, baseline, given=(), text=None, image=None):
        """
        Logits [given + 1, V] at the last position of the prompt and behind each given answer token; mask [L*H], text
        [T] and image [P] are ones where intact.
        """
        tokens = self.suffix + len(given)
        text = torch.ones(tokens) if text is None else text
        image = torch.ones(self.count) if image is None else image
        intact = (
            self.heads(mask)[:, :, None, None] * text.double()[:, None] * image.double()[None, :]
        )
        ids = [*self.ids, *given]
        with torch.no_grad():
            found = self.model.run(ids, self.places, self.seen[0], Ablation(baseline, intact=intact))
        return found.logits[-1 - len(given) :]

    def over(self, masks, baseline, measure):
        return torch.stack([measure(self.logits(mask, baseline)[-1]) for mask in masks])

    def sequence(self, masks, tokens):
        """Sum of the log-probabilities of tokens, each behind those before it."""
        sums = []
        for mask in masks:
            logits = self.logits(mask, self.mean, given=tokens[:-1])
            sums.append(sum(log_prob(row, token) for row, token in zip(logits, tokens)))
        return torch.stack(sums)

    def gradients(self, points, measure):
        """The measure and its derivatives by the gates at each point, by automatic differentiation."""
        values, slopes = [], []
        for point in points:
            gates = point.double().clone().requires_grad_()
            ablation = Ablation(self.mean, gates=self.heads(gates))
            value = measure(self.model.run(self.ids, self.places, self.seen[0], ablation).logits[-1])
            (slope,) = torch.autograd.grad(value, gates)
            values.append(value.detach())
            slopes.append(slope)
        return torch.stack(values), torch.stack(slopes)

    def behind(self, answer):
        """Logits behind the prompt and an answer's tokens; the image's own token is a token like others there."""
        with torch.no_grad():
            return self.model.run([*self.ids, *answer], self.places, self.seen[0]).logits[-1]

    def generated(self, count, ends):
        """Greedy tokens, an end the last; and by how much the nearest of them led the runner-up."""
        answer, lead = [], float("inf")
        while len(answer) < count and not (answer and answer[-1] in ends):
            best = self.behind(answer).topk(2)
            lead = min(lead, float(best.values[0] - best.values[1]))
            answer.append(int(best.indices[0]))
        return answer, lead

    def tensors(self, given):
        """Every tensor of a case whose masks, pairs, gate points and answer tokens are given."""
        target = self.target
        found = {
            "pixel_values": self.seen[0].pixels,
            "image_features": self.seen[0].tokens,
            "logits": self.last,
            "keys": self.intact.keys,
            "values": self.intact.values,
            "mean_keys": self.mean.keys,
            "mean_values": self.mean.values,
            "image_attention": self.intact.attention,
            **self.seen[0].states,
        }
        masks = given["masks"]
        for name, baseline in [("f_mean", self.mean), ("f_zero", self.zero), ("f_knockout", self.knockout)]:
            found[name] = self.over(masks, baseline, lambda row: adjusted(row, target))
        found["f_pair"] = torch.stack(
            [
                adjusted(self.logits(heads, self.mean, text=text, image=image)[-1], target)
                for heads, text, image in zip(given["pair_heads"], given["pair_text"], given["pair_image"])
            ]
        )
        if "counter_token" in given:
            counter = given["counter_token"]
            found["f_difference"] = self.over(masks, self.mean, lambda row: row[target] - row[counter])
            found["f_log_prob"] = self.over(masks, self.mean, lambda row: log_prob(row, target))
            found["f_counterfactual"] = self.over(masks, self.counterfactual, lambda row: adjusted(row, target))
            found["f_sequence"] = self.sequence(masks, given["sequence_tokens"])
            found["f_sequence_other"] = self.sequence(masks, given["sequence_other_tokens"])
        if "gate_points" in given:
            points = given["gate_points"]
            for name, measure in [("gate", adjusted), ("gate_log_prob", log_prob)]:
                values, slopes = self.gradients(points, lambda row: measure(row, target))
                found["f_" + name], found["df_" + name] = values, slopes
        return found

    def ends(self):
        """f with every head intact and with none."""
        total = self.model.shape.layers * self.model.shape.heads
        return tuple(
            float(adjusted(self.logits(fill(total), self.mean)[-1], self.target)) for fill in (torch.ones, torch.zeros)
        )

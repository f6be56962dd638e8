"""The phrases of the scripts' comments: English, French."""

from __future__ import annotations

#: Name -> (English, French). Places are written $name.
PHRASES: dict[str, tuple[str, str]] = {
    # -- the head and the headings
    "title": (
        "$name, written out in Keras and TensorFlow.",
        "$name, écrit en toutes lettres avec Keras et TensorFlow.",
    ),
    "needs": (
        "Needs the packages $packages and $last, and the file $carried beside this one.",
        "Demande les paquets $packages et $last, et le fichier $carried à côté de celui-ci.",
    ),
    "settings": ("Settings", "Les réglages"),
    "data": ("The data", "Les données"),
    "preprocessing": ("The preprocessing", "Le prétraitement"),
    "network": ("The network", "Le réseau"),
    "objective": ("The loss", "La fonction de perte"),
    "attack": ("The attack on the rows", "L'attaque des lignes"),
    "head": ("The head, on the features", "La tête, sur les représentations"),
    "head_training": ("The training of the head", "L'apprentissage de la tête"),
    "unfreezing": ("The unfreezing", "Le dégel"),
    "slopes": ("The slope of the loss", "La pente de la perte"),
    "optimizer": ("The optimiser", "L'optimiseur"),
    "training": ("The training", "L'apprentissage"),
    "evaluation": ("The evaluation", "L'évaluation"),
    "prediction": ("The predictions", "Les prédictions"),
    # -- settings
    "data_arrays": (
        'arrays: np.savez("data.npz", X=X, y=y)',
        'des tableaux : np.savez("data.npz", X=X, y=y)',
    ),
    "data_rows": ('rows: np.savez("data.npz", X=X)', 'des lignes : np.savez("data.npz", X=X)'),
    "data_table": ("the table, with its column to predict", "la table, avec la colonne à prédire"),
    "target_column": ("the column to predict", "la colonne à prédire"),
    "train_constant": (
        "True: train anew; False: take the trained weights",
        "True : réapprendre ; False : prendre les poids appris",
    ),
    "carried_constant": ("weights", "les poids"),
    "epochs": ("at most", "au plus"),
    "alpha": ("strength of the penalty on the weights", "force de la pénalité sur les poids"),
    "l1_ratio": ("share of L1 in the penalty", "part de L1 dans la pénalité"),
    "tol": ("an improvement that counts", "une amélioration qui compte"),
    "patience": ("epochs without improvement", "époques sans amélioration"),
    "order_seed": ("of the order of the rows", "de l'ordre des lignes"),
    "split_seed": ("of the rows that are set aside", "des lignes mises de côté"),
    "max_fun": ("evaluations of the objective, at most", "évaluations de l'objectif, au plus"),
    "gtol": ("the gradient's largest entry at the end", "la plus grande dérivée à la fin"),
    "epsilon": ("a row is moved no further than this", "une ligne n'est pas déplacée plus loin"),
    "attack_step": ("length of a step of the attack", "longueur d'un pas de l'attaque"),
    "bounds": ("where rows stay", "où restent les lignes"),
    "attack_seed": ("of the attack's random starts", "des départs de l'attaque"),
    "gradient_penalty": (
        "strength of the penalty on the loss's slope",
        "force de la pénalité sur la pente de la perte",
    ),
    "double": (
        "Everything is computed in float64, as strates does for this estimator.",
        "Tout est calculé en float64, comme strates le fait pour cet estimateur.",
    ),
    # -- data
    "targets_binary": (
        "The network learns 1 for the second class, 0 for the first.",
        "Le réseau apprend 1 pour la seconde classe, 0 pour la première.",
    ),
    "targets_categorical": (
        "The network learns the number of the class: its place in CLASSES.",
        "Le réseau apprend le numéro de la classe : sa place dans CLASSES.",
    ),
    "targets_one_hot": (
        "The network learns 1 at the place of the class in CLASSES, 0 elsewhere.",
        "Le réseau apprend 1 à la place de la classe dans CLASSES, 0 ailleurs.",
    ),
    "targets_multilabel": (
        "One 0 or 1 for each label: a row may have several labels.",
        "Un 0 ou un 1 par étiquette : une ligne peut en avoir plusieurs.",
    ),
    "single": (
        "Rows are rounded to float32, as strates keeps them.",
        "Les lignes sont arrondies en float32, comme strates les garde.",
    ),
    "images": (
        "Images of $shape (height, width, channels); flat rows of pixels serve too.",
        "Des images de $shape (hauteur, largeur, canaux) ; des lignes de pixels conviennent.",
    ),
    "refitted": (
        "Its statistics are those of the rows in DATA: give the rows that were learned from.",
        "Ses statistiques sont celles des lignes de DATA : donner les lignes apprises.",
    ),
    "written_out": (
        "Written out with NumPy: P holds what the steps learned from the training rows.",
        "En toutes lettres avec NumPy : P contient ce que les étapes ont appris.",
    ),
    "number_column": (
        "A column of numbers; missing ones, None or NaN, are NaN.",
        "Une colonne de nombres ; ceux qui manquent, None ou NaN, sont NaN.",
    ),
    "text_column": (
        "A column of text; missing ones, None or NaN, are empty.",
        "Une colonne de textes ; ceux qui manquent, None ou NaN, sont vides.",
    ),
    "equal_columns": ("A column of 0 and 1 for each category.", "Une colonne de 0 et de 1 par catégorie."),
    "filled_text": ("Text, with what is missing replaced.", "Les textes, ceux qui manquent remplacés."),
    "preprocess_rows": ("Scale rows as at the fit.", "Met les lignes à l'échelle de l'apprentissage."),
    "preprocess_table": (
        "Turn a table into the network's inputs.",
        "Fait d'une table les entrées du réseau.",
    ),
    "class_weights": (
        "Each row counts by the weight of its class; the mean over the rows is 1.",
        "Chaque ligne compte selon le poids de sa classe ; la moyenne des lignes vaut 1.",
    ),
    "balanced": (
        'class_weight="balanced": every class has the same total.',
        'class_weight="balanced" : chaque classe a le même total.',
    ),
    "set_aside": (
        "Some rows are not learned from: training stops by the score on them.",
        "Des lignes sont mises de côté : l'apprentissage s'arrête selon leur score.",
    ),
    # -- network
    "penalty_l2": (
        "ALPHA / 2 * |W|^2 for each matrix of weights; biases are free",
        "ALPHA / 2 * |W|^2 pour chaque matrice de poids ; les biais sont libres",
    ),
    "penalty_l1": (
        "ALPHA * (L1_RATIO * |W| + (1 - L1_RATIO) / 2 * |W|^2); biases are free.",
        "ALPHA * (L1_RATIO * |W| + (1 - L1_RATIO) / 2 * |W|^2) ; les biais sont libres.",
    ),
    "carried_weights": (
        'Return the "initial" or the "trained" weights, in the order of model.weights.',
        'Rend les poids "initial" ou "trained", dans l\'ordre de model.weights.',
    ),
    "sparse_initial": (
        "The first weights are sparse, for which Keras has no initializer: they are carried.",
        "Les premiers poids sont creux ; Keras n'a pas d'initialiseur pour cela : ils sont joints.",
    ),
    "pretrained": (
        "The first weights of the hidden layers are an autoencoder's, which learned the rows without labels; they are "
        "carried. The script of that autoencoder learns them.",
        "Les premiers poids des couches cachées sont d'un auto-encodeur, qui a appris les lignes sans étiquettes ; ils "
        "sont joints. Le script de cet auto-encodeur les apprend.",
    ),
    "random": (
        "Keras draws other random numbers here than strates: trained anew, this network has another loss curve.",
        "Keras tire ici d'autres nombres que strates : réappris, ce réseau a une autre courbe de perte.",
    ),
    "carried_weights_of": (
        "Return weights from the file beside this one, in the order of network.weights.",
        "Rend des poids du fichier joint, dans l'ordre de network.weights.",
    ),
    "layers": ("The layers, one at a time", "Les couches, une à une"),
    "layers_one_by_one": (
        "Each layer first learns alone, to find again what the layer below it gives.",
        "Chaque couche apprend d'abord seule, à refaire ce que donne celle d'en dessous.",
    ),
    "places": (
        "The layers of the whole network that the two layers of each become.",
        "Les couches du réseau entier que deviennent les deux couches de chacun.",
    ),
    "layer_seeds": ("The same, layer by layer.", "De même, couche par couche."),
    "new_optimizer": (
        "Return a fresh optimiser: each training has its own.",
        "Rend un nouvel optimiseur : chaque apprentissage a le sien.",
    ),
    "learn": (
        "Train a network on its inputs; return its loss curve.",
        "Apprend à un réseau ses entrées ; rend la courbe de perte.",
    ),
    "loss_of": (
        "Return the loss that suits a network's last layer.",
        "Rend la perte qui convient à la dernière couche d'un réseau.",
    ),
    "double_head": (
        "The head learns in float64, and computes in float32 in the network.",
        "La tête apprend en float64, et calcule en float32 dans le réseau.",
    ),
    "stages": ("groups of layers, unfrozen one by one", "groupes de couches, dégelés un à un"),
    "stage_rate": ("highest learning rate of the head", "plus grand pas de la tête"),
    "layer_decay": ("a group's rate over the next one's below", "pas d'un groupe sur celui d'en dessous"),
    "groups": (
        "The layers that learn together: the head, then the groups from the features down.",
        "Les couches qui apprennent ensemble : la tête, puis les groupes, des représentations vers le bas.",
    ),
    "unfreeze": (
        "Let the head and the last n groups learn; return the weights of each.",
        "Fait apprendre la tête et les n derniers groupes ; rend les poids de chacun.",
    ),
    "group_optimizers": (
        "Return an optimiser for each group: the lower a group, the slower.",
        "Rend un optimiseur par groupe : plus il est bas, plus il est lent.",
    ),
    "fine_tune": (
        "Train the head and the last n groups; return the loss curve.",
        "Apprend la tête et les n derniers groupes ; rend la courbe de perte.",
    ),
    "fine_tuned_model": (
        "A network whose groups of layers have an optimiser each.",
        "Un réseau dont chaque groupe de couches a son optimiseur.",
    ),
    "features_once": (
        "The frozen layers compute the features of each row once.",
        "Les couches gelées calculent une fois les représentations de chaque ligne.",
    ),
    "unfrozen_word": ("Groups unfrozen:", "Groupes dégelés :"),
    "no_help": ("it did not help", "cela n'a pas aidé"),
    "layer_word": ("Layer", "Couche"),
    "together_word": ("All layers together", "Toutes les couches ensemble"),
    "next_codes": (
        "The next layer learns from the codes of this one.",
        "La couche suivante apprend des codes de celle-ci.",
    ),
    "stacking": (
        "The two layers take their places in the whole network.",
        "Les deux couches prennent leur place dans le réseau entier.",
    ),
    "settle": (
        "What a layer learned by adapt() is carried, and put in place by finalize_state().",
        "Ce qu'une couche a appris par adapt() est joint ; finalize_state() le met en place.",
    ),
    "corruption": (
        "Training corrupts the rows; the network has to find them again.",
        "L'apprentissage abîme les lignes ; le réseau doit les retrouver.",
    ),
    "masking": (
        "Sets a share of the numbers to zero, in training alone.",
        "Met à zéro une part des nombres, pendant l'apprentissage seulement.",
    ),
    "tied": (
        "A dense layer whose kernel is the transpose of another layer's.",
        "Une couche dense dont le noyau est la transposée de celui d'une autre.",
    ),
    # -- objective
    "summed": (
        "Return the sum over a row's labels of their cross-entropies.",
        "Rend la somme des entropies croisées des étiquettes d'une ligne.",
    ),
    # -- the attack on rows
    "attacked": (
        "Move each row within EPSILON to where the loss is larger.",
        "Déplace chaque ligne, d'EPSILON au plus, où la perte est plus grande.",
    ),
    "attacked_watch": (
        "Return the rows that are set aside, attacked.",
        "Rend les lignes mises de côté, attaquées.",
    ),
    "attack_seeds": (
        "Return the seed of the random starts at a step.",
        "Rend la graine des départs à un pas.",
    ),
    "random_point": (
        "Draw a point in the ball of radius 1 for each row.",
        "Tire un point de la boule de rayon 1 pour chaque ligne.",
    ),
    "steepest_l2": (
        "The steepest step of a Euclidean length is along the slope.",
        "Le pas le plus raide d'une longueur euclidienne suit la pente.",
    ),
    "project_l2": ("Back to the ball around the row.", "Retour à la boule autour de la ligne."),
    "steepest_l1": (
        "The steepest step spends its length on the largest slopes, as far as there is room.",
        "Le pas le plus raide va aux plus grandes pentes, tant qu'il y a de la place.",
    ),
    "project_l1": (
        "Return the nearest point within EPSILON (Duchi et al., 2008).",
        "Rend le point le plus proche à moins d'EPSILON (Duchi et al., 2008).",
    ),
    "walls": ("What points out of the bounds does not count.", "Ce qui sort des bornes ne compte pas."),
    "squared_slope": (
        "Return the mean over rows of the squared slope of their loss.",
        "Rend la moyenne des carrés des pentes de la perte de chaque ligne.",
    ),
    "own_step": (
        "A network whose training step is written out.",
        "Un réseau dont le pas d'apprentissage est écrit en toutes lettres.",
    ),
    # -- optimizer
    "schedule_invscaling": (
        "LEARNING_RATE / (1 + rows seen) ** POWER_T, the same through an epoch.",
        "LEARNING_RATE / (1 + lignes vues) ** POWER_T, constant au cours d'une époque.",
    ),
    "schedule_one_cycle": (
        "A rise over the first 30 % of the steps, then a fall, along cosines.",
        "Une montée pendant 30 % des pas, puis une descente, selon des cosinus.",
    ),
    "orthant": (
        "$short with exact zeros, as an L1 penalty asks (Andrew & Gao, 2007).",
        "$short avec des zéros exacts, comme L1 le demande (Andrew & Gao, 2007).",
    ),
    "orthant_zero": (
        "A weight of zero leaves it only if the loss pulls harder than the penalty.",
        "Un poids nul ne bouge que si la perte tire plus fort que la pénalité.",
    ),
    "orthant_cross": (
        "A weight that would change its sign stops at zero.",
        "Un poids qui changerait de signe s'arrête à zéro.",
    ),
    # -- training
    "order": (
        "Return the order of the rows in an epoch; each epoch has its own.",
        "Rend l'ordre des lignes d'une époque ; chaque époque a le sien.",
    ),
    "batches": (
        "Yield the batches of an epoch, one after the other.",
        "Donne les lots d'une époque, l'un après l'autre.",
    ),
    "stop": (
        "Stops when the loss no longer falls by TOL in PATIENCE epochs.",
        "Arrête quand la perte ne baisse plus de TOL en PATIENCE époques.",
    ),
    "stop_adaptive": (
        "Divides the rate by 5 when the loss stalls; stops when it is tiny.",
        "Divise le pas par 5 quand la perte stagne ; arrête quand il est infime.",
    ),
    "stop_early": (
        "Stops when the score on the rows set aside stalls; keeps the best weights.",
        "Arrête quand le score des lignes de côté stagne ; garde les meilleurs poids.",
    ),
    "watch": (
        "Return score and loss on the rows that are set aside.",
        "Rend le score et la perte sur les lignes mises de côté.",
    ),
    "step": (
        "Take one step down the gradient of a batch; return the batch's loss.",
        "Fait un pas selon le gradient d'un lot ; rend la perte du lot.",
    ),
    "stalled": ("Stop where the loss stalls.", "Arrêter quand la perte stagne."),
    "stalled_adaptive": (
        "Where the loss stalls, divide the rate by 5; stop when it is tiny.",
        "Quand la perte stagne, diviser le pas par 5 ; arrêter quand il est infime.",
    ),
    "best_kept": ("Keep the best epoch's weights.", "Garder les poids de la meilleure époque."),
    "lbfgs": (
        "SciPy's L-BFGS takes one long vector: all weights, one after the other.",
        "Le L-BFGS de SciPy veut un long vecteur : tous les poids, à la suite.",
    ),
    "lbfgs_fit": (
        "model.fit has no L-BFGS: the loop is SciPy's.",
        "model.fit n'a pas de L-BFGS : la boucle est celle de SciPy.",
    ),
    "set_vector": ("Put a vector's numbers into the network.", "Met les nombres d'un vecteur dans le réseau."),
    "loss_and_gradient": (
        "Return the loss over all rows, and its gradient.",
        "Rend la perte sur toutes les lignes, et son gradient.",
    ),
    "goal": (
        "Return the loss plus the penalty, and the gradient of the sum.",
        "Rend la perte plus la pénalité, et le gradient de leur somme.",
    ),
    "halves": (
        "|w| has no gradient at 0: each weight is p - n, with p and n of 0 or more.",
        "|w| n'a pas de gradient en 0 : chaque poids est p - n, p et n positifs.",
    ),
    "joined": ("Return the weights p - n.", "Rend les poids p - n."),
    "recorded": ("Keep the objective of each iteration.", "Garde l'objectif de chaque itération."),
    "newton": (
        "strates ends with Newton's steps, which find the last digits.",
        "strates finit par des pas de Newton, qui trouvent les derniers chiffres.",
    ),
    "went_on": (
        "This estimator was trained by several fits; what follows is one, from the first weights.",
        "Cet estimateur a été appris en plusieurs fois ; ce qui suit l'est en une, depuis les premiers poids.",
    ),
    # -- the perceptron
    "signs": (
        "Each unit learns 1 for its class, -1 for the others.",
        "Chaque unité apprend 1 pour sa classe, -1 pour les autres.",
    ),
    "wrong": (
        "Return 1 where a score has not the sign that it should have, else 0.",
        "Rend 1 où un score n'a pas le signe qu'il devrait avoir, sinon 0.",
    ),
    "perceptron_loss": (
        "Return how far scores are on the wrong side: a step is Rosenblatt's rule.",
        "Rend l'écart des scores faux : un pas est la règle de Rosenblatt.",
    ),
    "order_constant": (
        "Each epoch has an order of its own, drawn one after the other.",
        "Chaque époque a son ordre, tirés l'un après l'autre.",
    ),
    "seed_unknown": (
        "the estimator had none: its order cannot be repeated",
        "l'estimateur n'en avait pas : son ordre ne peut être répété",
    ),
    "perceptron_step": (
        "Correct the weights if the row is a mistake; return the mistakes.",
        "Corrige les poids si la ligne est une erreur ; rend les erreurs.",
    ),
    "mean_weights": (
        "Adds up the weights after each row.",
        "Additionne les poids après chaque ligne.",
    ),
    "mean_of_visits": (
        "average=True: the mean of the weights after each row predicts.",
        "average=True : la moyenne des poids après chaque ligne prédit.",
    ),
    "visit": ("Add the present weights to the sums.", "Ajoute les poids actuels aux sommes."),
    "mistakes_word": ("mistakes", "erreurs"),
    # -- answers
    "second_class": (
        "The network gives the probability of the second class alone.",
        "Le réseau ne donne que la probabilité de la seconde classe.",
    ),
    "first_rows": ("The first five rows", "Les cinq premières lignes"),
    "codes": (
        "The code of a row: the output of the middle layer.",
        "Le code d'une ligne : la sortie de la couche du milieu.",
    ),
    "accuracy": ("Accuracy:", "Exactitude :"),
    "error": ("Mean squared error:", "Erreur quadratique moyenne :"),
}
